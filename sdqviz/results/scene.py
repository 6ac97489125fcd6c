"""A scene under both models."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sdqviz.base.scene import Scene
from sdqviz.results.pictures import Pictures, Previews
from sdqviz.results.row import Row
from sdqviz.results.steps import Noise, StepSeconds

Scores = Mapping[str, float | None]  # metric -> score; None where it was not available


@dataclass(frozen=True, kw_only=True)
class SceneRow(Row):
    """One scene drawn by the FP and by the quantized model (`stages.evaluate`).

    `metrics`, `floor` and `ceiling` are the scores of the quantized picture, of the FP model in
    bfloat16 and of the FP model with another seed, each against the FP picture. `replay`,
    `free_run` and `timesteps` have a value for each network call; see `StepErrors`.
    """

    KEYS: ClassVar[Mapping[str, str]] = {"settings": "scene", "pictures": "images"}

    id: str  # 12 hexadecimal digits: a hash of the settings
    settings: Mapping[str, Any]  # as stored; read it as `scene`
    prompt: str
    seed: int
    metrics: Scores
    floor: Scores
    ceiling: Scores
    replay: Sequence[float]
    free_run: Sequence[float]
    timesteps: Sequence[float]  # descending; fractions in flow matching
    uncalibrated_calls: int  # at timesteps without a range of their own, of the worst layer
    truncated: str | None  # what of the prompt is over the 77 tokens that are read
    max_difference: int  # of any colour of any pixel, 0 to 255
    step_seconds: StepSeconds
    pictures: Pictures
    previews: Previews | None = None  # None in runs of before there were any
    noise: Noise | None = None  # the same

    @functools.cached_property
    def scene(self) -> Scene:
        """All that fixes the picture. A setting that came later has its default."""
        return Scene.from_dict(dict(self.settings))

    @property
    def label(self) -> str:
        return f"{self.prompt} · seed {self.seed}"

    def score(self, metric: str) -> float | None:
        """The quantized picture's; None where it was not measured."""
        return self.metrics.get(metric)

    def drawn_alike(self, other: "SceneRow") -> bool:
        """Whether two runs drew one scene from one initial noise. Their FP pictures need not be
        equal to the bit: processors and thread counts add in another order.
        """
        if self.id != other.id:
            return False
        if self.noise and other.noise:
            return self.noise.fp == other.noise.fp
        return self.pictures.fp == other.pictures.fp
