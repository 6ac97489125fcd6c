"""The command `sdqviz`."""
