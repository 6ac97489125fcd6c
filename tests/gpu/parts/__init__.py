"""One file for each part; the folder is the list (`base.registry`)."""
