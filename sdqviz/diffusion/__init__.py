"""Recording and replaying trajectories with diffusers' schedulers."""
