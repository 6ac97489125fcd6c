"""The page of finished runs, and a run in words wherever it is named."""
