"""The tabs, one file each: a module with `TAB`, found by its folder."""
