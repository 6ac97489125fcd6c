"""Record the FP model's trajectories: reference pictures, calibration data and targets in one."""

from collections.abc import Iterator

from sdqviz.base.events import Event, Log, Progress
from sdqviz.products.context import Context
from sdqviz.products.trajectories import RECORD, calls_per_scene, teacher_trajectory, trajectory_key


class RecordStage:
    name, version = RECORD.name, RECORD.version

    def cost(self, context: Context) -> float:
        scenes = [*context.calibration, *context.held_out]
        return sum(
            calls_per_scene(s)
            for s in scenes
            if not context.products.find(trajectory_key(context, s))
        )

    def run(self, context: Context) -> Iterator[Event]:
        scenes = [*context.calibration, *context.held_out]
        yield Progress(stage=self.name, done=0, total=len(scenes))
        for index, scene in enumerate(scenes):
            cut = context.model.family.truncated(context.model, scene)
            if cut:
                yield Log(message=f"prompt cut at 77 tokens; not read: {cut}", level="warning")
            context.trajectories[scene.id] = teacher_trajectory(context, scene)
            yield Progress(stage=self.name, done=index + 1, total=len(scenes))
