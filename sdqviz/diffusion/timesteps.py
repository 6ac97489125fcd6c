"""Recorded timesteps as the network takes them: the one place where one becomes an integer."""

import torch


def as_taken(timesteps: torch.Tensor) -> torch.Tensor:
    """The timesteps (scalar or [B]) of recorded calls, int64 where all are whole numbers.

    Trajectories keep float32. A scheduler with integer timesteps hands integers to the network;
    flow matching's are fractions, and cutting those off would call another moment.
    """
    whole = torch.equal(timesteps, timesteps.round())
    return timesteps.to(torch.int64) if whole else timesteps
