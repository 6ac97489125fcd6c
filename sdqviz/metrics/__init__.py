"""Scores of a picture against its floating-point reference. One file per metric."""
