"""Scores of whole sets of pictures, as papers report them: a file each."""
