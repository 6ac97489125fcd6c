"""The training of a run, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from sdqviz.results.row import Row


@dataclass(frozen=True, kw_only=True)
class StoppedAt(Row):
    """Where a training was ended before its last step: optimiser steps."""

    step: int
    of: int


@dataclass(frozen=True, kw_only=True)
class TrainingFacts(Row):
    """What the training was (`training.distillation`); throughput is measured."""

    steps: int  # of the optimiser
    batch: int  # samples a step
    seconds: float  # of the training alone
    samples_per_second: float
    blocks: int  # that were distilled
    frozen: Mapping[str, int]  # block -> the step at which it was frozen
    samples: float | None = None  # that each part of the network learned from; None in older runs
