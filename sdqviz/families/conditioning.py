"""Conditioning of several scenes in one batch: for calibration and training, never for scores."""

from collections.abc import Sequence
from typing import Any

import torch

Conditioning = dict[str, Any]  # tensors [b, ...], or dicts of them, as a network takes them


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
