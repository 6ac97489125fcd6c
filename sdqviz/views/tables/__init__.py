"""Tables for any page and for the command line."""
