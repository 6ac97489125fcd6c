"""The scenes of a run, by what they are for, and the sampler that more are drawn with."""

from dataclasses import dataclass
from typing import Any, Protocol

from sdqviz.base.scene import Scene
from sdqviz.products.contract import Counted

CALIBRATE, TUNE, HELD_OUT = "calibrate", "tune", "held_out"  # splits whose prompts never mix


class SceneSource(Protocol):
    """Where a run's prompts come from."""

    usual_guidance: float  # the model's own

    def prompts(self, split: str) -> list[str]: ...

    def draw(self, split: str, count: int, start: int = 0, **settings: Any) -> list[Scene]:
        """`count` scenes of a split from number `start` on, with these sampler settings."""
        ...


@dataclass(frozen=True)
class Scenes(Counted):
    """Scenes in order."""

    scenes: tuple[Scene, ...]

    def content(self) -> Any:
        return [scene.as_dict() for scene in self.scenes]


class CalibrationScenes(Scenes):
    """What ranges are found on; training may see them again."""


class TuneScenes(Scenes):
    """What a training is watched on; no score counts them."""


class HeldOutScenes(Scenes):
    """What the result is scored on; no stage before may have seen their prompts."""


@dataclass(frozen=True)
class Sampler(Counted):
    """Draws more calibration scenes, with the settings of those that are there: a training's."""

    source: SceneSource
    settings: dict[str, Any]  # steps, scheduler, guidance
    start: int  # number of the first scene
    seed: int

    def training_scenes(self, count: int) -> list[Scene]:
        return self.source.draw(CALIBRATE, count, self.start, **self.settings)

    def content(self) -> Any:
        return [self.settings, self.start, self.seed, self.source.prompts(CALIBRATE)]
