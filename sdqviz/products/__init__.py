"""What the stages of a run share: the context, what is kept and found again, the trajectories."""
