"""Random kills of the worker, the app or both: what a run leaves must not hang on them."""
