"""Draw the scenes of a run: what it calibrates on, is watched on, and is scored on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sdqviz.base.config import option
from sdqviz.base.events import Event
from sdqviz.base.scene import AUTO, OWN, SCHEDULERS, SPACINGS
from sdqviz.families.contract import sampler_of
from sdqviz.products.context import Context
from sdqviz.products.scenes import (
    CALIBRATE,
    HELD_OUT,
    TUNE,
    CalibrationScenes,
    HeldOutScenes,
    Sampler,
    TuneScenes,
)
from sdqviz.stages.contract import Stage

_SCENES_APART = 37  # how far apart the scenes of two seeds start


@dataclass(frozen=True, kw_only=True)
class ScenesStage(Stage):
    name = "scenes"
    label = "drawing the scenes"
    version = 1
    gives = (CalibrationScenes, TuneScenes, HeldOutScenes, Sampler)

    calibration_scenes: int = option(
        4,
        label="Calibration scenes",
        help="Trajectories that set the ranges.",
        low=1,
        high=4096,
        first=3,
    )
    held_out_scenes: int = option(
        4,
        label="Held-out scenes",
        help="Scenes that score the result.",
        low=1,
        high=4096,
        first=4,
    )
    steps: int = option(25, label="Steps", help="Sampling steps.", low=1, high=1000)
    scheduler: str = option(
        AUTO,
        label="Sampler",
        help="The solver; auto takes the model's own.",
        choices=(AUTO, *SCHEDULERS),
    )
    spacing: str = option(
        OWN,
        label="Spacing",
        help="Where the steps lie; own is the model's own, beta (arXiv 2407.12173) has more of "
        "them at both ends.",
        choices=SPACINGS,
    )
    guidance: float = option(
        0.0, label="Guidance", help="Guidance scale; 0 takes the model's own.", low=0.0, high=30.0
    )
    width: int = option(
        0,
        label="Width",
        help="Of every picture, in pixels, a multiple of 8; 0 takes the model's own. Half of it "
        "costs a quarter of the time.",
        low=0,
        high=4096,
        multiple=8,
    )
    height: int = option(
        0,
        label="Height",
        help="Of every picture, in pixels, a multiple of 8; 0 takes the model's own.",
        low=0,
        high=4096,
        multiple=8,
    )
    seed: int = option(
        0, label="Seed", help="Fixes which scenes, and their order.", low=0, high=2**31 - 1
    )

    def telling(self) -> Any:
        values, *shared = super().telling()
        # It came later: what was made without it stays what it is.
        return [{k: v for k, v in values.items() if k != "spacing" or v != OWN}, *shared]

    def _cost(self, context: Context) -> float:
        return 0.0

    def _run(self, context: Context) -> Iterator[Event]:
        model, source = context.model, context.source
        assert source is not None
        settings = {
            "steps": self.steps,
            "scheduler": sampler_of(model.family, self.scheduler, model.own_scheduler),
            "guidance": self.guidance or source.usual_guidance,
        }
        # The model's own size is no setting: it must not rename the scenes of before.
        settings |= {k: v for k, v in (("width", self.width), ("height", self.height)) if v}
        settings |= {"spacing": self.spacing} if self.spacing != OWN else {}
        start = _SCENES_APART * self.seed
        calibration = source.draw(CALIBRATE, self.calibration_scenes, start, **settings)
        context.give(CalibrationScenes(tuple(calibration)))
        context.give(TuneScenes(tuple(source.draw(TUNE, 1, **settings))))
        context.give(HeldOutScenes(tuple(source.draw(HELD_OUT, self.held_out_scenes, **settings))))
        context.give(Sampler(source, settings, start, self.seed))
        yield from ()
