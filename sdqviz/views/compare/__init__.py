"""The page of one scene under both models, and of all held-out scenes."""
