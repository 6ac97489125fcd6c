"""sdqviz inside other libraries: one file each."""
