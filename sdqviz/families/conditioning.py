"""Conditioning of several scenes in one batch: for calibration and training, never for scores."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

Conditioning = dict[str, Any]  # tensors [b, ...], or dicts of them, as a network takes them


def number_format(network: nn.Module) -> torch.dtype:
    """What a network computes in; packed layers hold no parameters and follow it."""
    return next(network.parameters()).dtype


def in_format(
    conditioning: Conditioning, dtype: torch.dtype | None, device: torch.device
) -> Conditioning:
    """The same conditioning on a device, in the number format of a network (None: its own)."""
    return {
        name: in_format(value, dtype, device)
        if isinstance(value, dict)
        else value.to(device=device, dtype=dtype)
        for name, value in conditioning.items()
    }


def call_network(
    network: nn.Module, x: torch.Tensor, timesteps: torch.Tensor, conditioning: Conditioning
) -> torch.Tensor:
    """The prediction for x [b, C, h, w] at timesteps [b], computed in the network's own format."""
    dtype = number_format(network)
    own = in_format(conditioning, dtype, x.device)
    return network(x.to(dtype), timestep=timesteps, **own).sample


def collate(conditions: Sequence[Conditioning], branches: Sequence[int]) -> Conditioning:
    """Row `branches[i]` of `conditions[i]`, stacked to a batch of len(branches)."""
    first = conditions[0]
    collated: Conditioning = {}
    for name, value in first.items():
        parts = [condition[name] for condition in conditions]
        if isinstance(value, dict):
            collated[name] = collate(parts, branches)
        else:
            rows = [part[branch] for part, branch in zip(parts, branches, strict=True)]
            collated[name] = torch.stack(rows)
    return collated
