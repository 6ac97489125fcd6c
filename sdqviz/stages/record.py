"""Record the FP model's trajectories: reference pictures, calibration data and targets in one."""

from collections.abc import Iterator
from dataclasses import dataclass

from sdqviz.base.events import Event, Log, Progress
from sdqviz.base.scene import Scene
from sdqviz.families.encoding import encoding
from sdqviz.products.context import Context
from sdqviz.products.scenes import CalibrationScenes, HeldOutScenes
from sdqviz.products.trajectories import (
    RECORD,
    CalibrationTrajectories,
    StoredTrajectories,
    calls_per_scene,
    recording_teacher,
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
        # Of each call input and two outputs in half precision, latents in float32.
        disk_bytes="calls * (calibration_scenes + 3 * held_out_scenes) * 10 * channels * side ** 2",
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
        scenes, keys = _scenes(context), {}
        calibrated = {scene.id for scene in context.take(CalibrationScenes).scenes}
        done, total = 0, sum(map(calls_per_scene, scenes))
        yield Progress(stage=self.name, done=done, total=total)
        for read in encoding(context.model, scenes):
            place = f"prompt {read + 1} of {len(scenes)}"
            yield Progress(stage=self.name, done=done, total=total, place=place)
        for number, scene in enumerate(scenes, start=1):
            cut = context.model.family.truncated(context.model, scene)
            if cut:
                yield Log(message=f"prompt cut at 77 tokens; not read: {cut}", level="warning")
            calls = calls_per_scene(scene)
            place = f"scene {number} of {len(scenes)}"
            steps = recording_teacher(context, scene)
            key = yield from self.told(steps, done, calls, total, place)
            if scene.id in calibrated:
                keys[scene.id] = key
            done += calls
            yield Progress(stage=self.name, done=done, total=total, place=place)
        context.give(CalibrationTrajectories(StoredTrajectories(context.products, keys)))


def _scenes(context: Context) -> list[Scene]:
    return [*context.take(CalibrationScenes).scenes, *context.take(HeldOutScenes).scenes]
