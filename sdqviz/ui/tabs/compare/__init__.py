"""The Compare tab and its parts."""
