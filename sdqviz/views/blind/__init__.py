"""The page of the blind test: trials, their result, a class's result."""
