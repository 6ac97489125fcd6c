"""What a score of a whole set of pictures is."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

from sdqviz.base.registry import found

PACKAGE = "sdqviz.metrics.sets"


class SetMetric(Protocol):
    name: str
    label: str
    direction: str  # "higher" or "lower" is better
    settings: str  # everything the number depends on
    smallest_count: int  # pictures below which it is refused
    order: int  # place in tables

    def unavailable(self) -> str | None:
        """Why there is no number here, with the command that mends it; None when there is."""
        ...

    def extractor(self, device: str) -> "Extractor":
        """Loads the backbone."""
        ...

    def score(self, reference: np.ndarray, test: np.ndarray) -> dict[str, Any]:
        """From features float32 [N, D] of the FP model's pictures and of the quantized one's, in
        the same order of scenes: `value`, and what else belongs to it.
        """
        ...


class Extractor(Protocol):
    kind: str  # metrics of one kind share its features; those of the same kind load it once

    def __call__(self, pictures: torch.Tensor, prompts: Sequence[str]) -> dict[str, np.ndarray]:
        """Pictures uint8 [B, 3, H, W] -> by metric name, features float32 [B, D]."""
        ...


def set_metrics() -> dict[str, SetMetric]:
    """Every one found, in table order."""
    entries = found(PACKAGE, "SET_METRIC")
    return dict(sorted(entries.items(), key=lambda entry: entry[1].order))


def too_few(metric: SetMetric, count: int) -> str | None:
    """Why `count` pictures give no number."""
    if count >= metric.smallest_count:
        return None
    return f"needs at least {metric.smallest_count} pictures, there are {count}"
