"""What a correction is: a stage that fits the packed network's output to the FP network's.

It is kept in the network's file (`layers.correction`), so whoever loads the file has it.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import torch

from sdqviz.base.config import option
from sdqviz.base.events import Event, Progress, Scalar
from sdqviz.base.scene import Scene
from sdqviz.base.steps import Steps
from sdqviz.layers.checkpoint import build_student, serialise
from sdqviz.layers.convert import twin
from sdqviz.layers.correction import OutputCorrection, correction_of, install_correction
from sdqviz.products.context import Context
from sdqviz.products.scenes import CalibrationScenes
from sdqviz.products.students import Student
from sdqviz.products.trajectories import CalibrationTrajectories, calls_per_scene
from sdqviz.stages.contract import Needs, Stage
from sdqviz.stages.pack import packed_size

FACTOR, SHIFT = "correction_factor", "correction_shift"  # Scalars, their means over the channels


@dataclass(frozen=True, kw_only=True)
class CorrectionStage(Stage):
    """`_fit` is a correction's own."""

    reads = (CalibrationScenes, CalibrationTrajectories, Student)
    gives = (Student,)
    needs = Needs(
        network_calls="4 * calls * min(calibration_scenes, correction_scenes)",
        memory_bytes="2 * parameters",
        disk_bytes="parameters",
    )

    correction_scenes: int = option(
        32,
        label="Correction's scenes",
        help="Calibration scenes that the correction is fitted on.",
        low=1,
        high=4096,
    )

    @abstractmethod
    def _fit(self, context: Context, scenes: list[Scene]) -> Steps[OutputCorrection]:
        """Yields how many of the scenes' calls are done."""

    def _scenes(self, context: Context) -> list[Scene]:
        return list(context.take(CalibrationScenes).scenes[: self.correction_scenes])

    def _cost(self, context: Context) -> float:
        if not context.has(CalibrationScenes):
            return 1.0
        return 3.0 * sum(map(calls_per_scene, self._scenes(context)))

    def _run(self, context: Context) -> Iterator[Event]:
        network, key, scenes = context.model.network, context.key(), self._scenes(context)
        total = sum(map(calls_per_scene, scenes))
        yield Progress(stage=self.name, done=0, total=total)
        if context.products.find(key) is None:
            correction = yield from self.told(self._fit(context, scenes), 0, total, total)
            student = twin(context.take(Student).network)
            install_correction(student, correction.to(context.model.device))
            context.products.product_file(key, "safetensors", partial(serialise, student))
            del student
        student = build_student(network, context.products.file(key))
        context.give(Student(student))
        size = packed_size(network, student)
        context.result.update(packed=context.products.find(key), size=size)
        for name, value, step, timestep in _rows(correction_of(student)):
            yield Scalar(name=name, value=value, step=step, timestep=timestep)
        yield Progress(stage=self.name, done=total, total=total)


def _rows(correction: OutputCorrection | None) -> Iterator[tuple[str, float, int, float]]:
    """(curve, value, place, timestep) in sampling order."""
    assert correction is not None
    timesteps = correction.timesteps.tolist()
    for name, values in ((FACTOR, correction.factor), (SHIFT, correction.shift)):
        means = values.mean(dim=1).tolist()
        for step, (value, timestep) in enumerate(
            zip(reversed(means), reversed(timesteps), strict=True)
        ):
            yield name, value, step, timestep


def by_timestep(rows: dict[float, tuple[torch.Tensor, torch.Tensor]]) -> OutputCorrection:
    """The correction of timestep -> (factor [C], shift [C])."""
    ordered = sorted(rows)
    factor, shift = (torch.stack([rows[t][part] for t in ordered]) for part in (0, 1))
    return OutputCorrection(torch.tensor(ordered), factor, shift)
