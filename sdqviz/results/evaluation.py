"""Held-out scenes under both models."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdqviz.results.metric import MetricSummary
from sdqviz.results.row import Row
from sdqviz.results.scene import SceneRow
from sdqviz.results.steps import StepErrors, StepSeconds


@dataclass(frozen=True, kw_only=True)
class Evaluation(Row):
    """What comparing both models on scenes gives (`stages.evaluate`)."""

    scenes: Sequence[SceneRow]
    metrics: Mapping[str, MetricSummary]  # by the metric's name, in the order of tables
    per_step: StepErrors
    timesteps: Sequence[float]  # of the first scene's network calls
    step_seconds: StepSeconds

    @functools.cached_property
    def measured(self) -> dict[str, MetricSummary]:
        """The metrics with a number: older runs also name those that were not available."""
        return {name: metric for name, metric in self.metrics.items() if metric.is_measured}
