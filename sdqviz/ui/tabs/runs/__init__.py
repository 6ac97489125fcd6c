"""The Runs tab and its parts."""
