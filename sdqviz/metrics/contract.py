"""What a metric is, and the scores of a set of scenes between floor and ceiling."""

import statistics
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from sdqviz.base.registry import found
from sdqviz.metrics.intervals import median_interval

PACKAGE = "sdqviz.metrics"


class Metric(Protocol):
    name: str
    label: str
    direction: str  # "higher" or "lower" is better
    settings: str  # everything the number depends on
    order: int  # place in tables
    # Optional: `smallest`, the pixels a side that it needs; `map(reference, test)`, where the
    # pictures differ: uint8 [H, W, 3] in magma.

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


def available(variant: str = "") -> dict[str, Metric]:
    """Those that have a number on this machine."""
    return {name: m for name, m in metrics(variant).items() if not m.unavailable()}


def unavailable(variant: str = "") -> dict[str, str]:
    """Of the others, why there is none."""
    reasons = {name: m.unavailable() for name, m in metrics(variant).items()}
    return {name: reason for name, reason in reasons.items() if reason}


def score_all(reference: np.ndarray, test: np.ndarray, variant: str = "") -> dict[str, float]:
    """The score of every metric that is available and can judge pictures so small."""
    judges = available(variant).items()
    return {name: m.score(reference, test) for name, m in judges if can_judge(m, reference)}


def can_judge(metric: Metric, picture: np.ndarray) -> bool:
    """Whether the picture, [H, W, 3], is large enough for the metric."""
    return min(picture.shape[:2]) >= getattr(metric, "smallest", 1)


def map_all(reference: np.ndarray, test: np.ndarray) -> dict[str, np.ndarray]:
    """Where the pictures differ, by every available metric with a map: uint8 [H, W, 3] each."""
    mapped = [m for m in available().values() if hasattr(m, "map") and can_judge(m, reference)]
    return {metric.name: metric.map(reference, test) for metric in mapped}  # type: ignore[attr-defined]


def summarise(
    scores: Sequence[dict[str, float]],
    floors: Sequence[dict[str, float]],
    ceilings: Sequence[dict[str, float]],
    variant: str = "",
) -> dict[str, dict[str, Any]]:
    """Per metric that every scene was scored by: the medians over scenes of score, noise floor and
    other-seed ceiling, and the score's 95 % interval (null of a single scene).
    """
    return {
        name: {
            "label": metric.label,
            "median": _median(name, scores),
            "interval": median_interval([row[name] for row in scores], name),
            "floor": _median(name, floors),
            "ceiling": _median(name, ceilings),
            "direction": metric.direction,
            "settings": metric.settings,
        }
        for name, metric in metrics(variant).items()
        if scores and all(name in row for row in (*scores, *floors, *ceilings))
    }


def _median(name: str, scores: Sequence[dict[str, float]]) -> float:
    return statistics.median(row[name] for row in scores)
