"""What happens at the sampling steps: errors and seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from sdqviz.results.row import Row


@dataclass(frozen=True, kw_only=True)
class StepErrors(Row):
    """Relative squared error |student - FP|^2 / |FP|^2 of each network call in order, the median
    over the scenes (`metrics.steps`). Empty where scenes of different lengths have no common steps.

    `replay` is the network's output on the FP model's own latents, `free_run` the latents when each
    model steers itself.
    """

    replay: Sequence[float]
    free_run: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class StepSeconds(Row):
    """Seconds of one network call, all guidance branches: medians, measured."""

    fp: float
    student: float


@dataclass(frozen=True, kw_only=True)
class Noise(Row):
    """The first 12 hexadecimal digits of the SHA-256 of each model's initial latents (float32):
    equal, unless the pair started from different noise.
    """

    fp: str
    student: str

    @property
    def is_shared(self) -> bool:
        return self.fp == self.student
