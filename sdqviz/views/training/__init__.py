"""The page of a training, and of the ablation."""
