"""Record the FP model's trajectories: reference pictures, calibration data and targets in one."""

from collections.abc import Iterator
from dataclasses import dataclass

from sdqviz.base.events import Event, Log, Progress
from sdqviz.base.scene import Scene
from sdqviz.families.encoding import encode
from sdqviz.products.context import Context
from sdqviz.products.scenes import CalibrationScenes, HeldOutScenes
from sdqviz.products.trajectories import (
    RECORD,
    CalibrationTrajectories,
    calls_per_scene,
    teacher_trajectory,
    trajectory_key,
)
from sdqviz.stages.contract import Needs, Stage


@dataclass(frozen=True, kw_only=True)
class RecordStage(Stage):
    name = RECORD.name
    label = "recording FP trajectories"
    version = RECORD.version
    reads = (CalibrationScenes, HeldOutScenes)
    gives = (CalibrationTrajectories,)
    needs = Needs(
        network_calls="calls * (calibration_scenes + held_out_scenes)",
        # Input, two outputs and latents of each call, float32.
        disk_bytes="calls * (calibration_scenes + 2 * held_out_scenes) * 16 * channels * side ** 2",
    )

    def _cost(self, context: Context) -> float:
        if not context.has(CalibrationScenes):
            return 1.0
        return sum(
            calls_per_scene(scene)
            for scene in _scenes(context)
            if not context.products.find(trajectory_key(context, scene))
        )

    def _run(self, context: Context) -> Iterator[Event]:
        scenes, kept = _scenes(context), {}
        calibrated = {scene.id for scene in context.take(CalibrationScenes).scenes}
        yield Progress(stage=self.name, done=0, total=len(scenes))
        encode(context.model, scenes)
        for index, scene in enumerate(scenes):
            cut = context.model.family.truncated(context.model, scene)
            if cut:
                yield Log(message=f"prompt cut at 77 tokens; not read: {cut}", level="warning")
            trajectory = teacher_trajectory(context, scene)
            if scene.id in calibrated:
                kept[scene.id] = trajectory
            yield Progress(stage=self.name, done=index + 1, total=len(scenes))
        keys = tuple(trajectory_key(context, s) for s in scenes if s.id in calibrated)
        context.give(CalibrationTrajectories(kept, keys))


def _scenes(context: Context) -> list[Scene]:
    return [*context.take(CalibrationScenes).scenes, *context.take(HeldOutScenes).scenes]
