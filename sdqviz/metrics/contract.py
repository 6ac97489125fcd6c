"""What a metric is, and the scores of a set of scenes between floor and ceiling."""

import statistics
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from sdqviz.base.registry import found

PACKAGE = "sdqviz.metrics"


class Metric(Protocol):
    name: str
    label: str
    direction: str  # "higher" or "lower" is better
    settings: str  # everything the number depends on
    order: int  # place in tables

    def unavailable(self) -> str | None:
        """Why there is no number here, with the command that mends it; None when there is."""
        ...

    def score(self, reference: np.ndarray, test: np.ndarray) -> float:
        """Two pictures uint8 [H, W, 3] of one size."""
        ...


def metrics(variant: str = "") -> dict[str, Metric]:
    """Every metric found, in table order. `variant` chooses among a metric's backbones."""
    chosen = [m.variant(variant) if variant and hasattr(m, "variant") else m for m in _found()]
    return {metric.name: metric for metric in sorted(chosen, key=lambda m: m.order)}


def _found() -> list[Any]:
    return list(found(PACKAGE, "METRIC").values())


def score_all(
    reference: np.ndarray, test: np.ndarray, variant: str = ""
) -> dict[str, float | None]:
    """Every metric's score; None where a metric is not available."""
    return {
        name: None if metric.unavailable() else metric.score(reference, test)
        for name, metric in metrics(variant).items()
    }


def summarise(
    scores: Sequence[dict[str, float | None]],
    floors: Sequence[dict[str, float | None]],
    ceilings: Sequence[dict[str, float | None]],
    variant: str = "",
) -> dict[str, dict[str, Any]]:
    """Per metric: the medians over scenes of score, noise floor and other-seed ceiling."""
    return {
        name: {
            "label": metric.label,
            "median": _median(name, scores),
            "floor": _median(name, floors),
            "ceiling": _median(name, ceilings),
            "direction": metric.direction,
            "settings": metric.settings,
            "reason": metric.unavailable(),
        }
        for name, metric in metrics(variant).items()
    }


def _median(name: str, scores: Sequence[dict[str, float | None]]) -> float | None:
    values = [row[name] for row in scores if row.get(name) is not None]
    return statistics.median(values) if values else None
