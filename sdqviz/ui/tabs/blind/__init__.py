"""The blind test's tab and its parts."""
