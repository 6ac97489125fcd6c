"""Which recorded calls a method learns from, and how often. One file each."""
