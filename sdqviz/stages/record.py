"""Record the FP model's trajectories: reference pictures, calibration data and targets in one."""

from collections.abc import Iterator
from contextlib import nullcontext

from safetensors.torch import load, save
from torch import nn

from sdqviz.base.events import Event, Log, Progress
from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import Trajectory, record
from sdqviz.families.arithmetic import other_arithmetic
from sdqviz.families.predictor import predictor
from sdqviz.stages.contract import Context, Stage, calls_per_scene


class RecordStage:
    name = "record"
    version = 1

    def cost(self, context: Context) -> float:
        scenes = [*context.calibration, *context.held_out]
        return sum(
            calls_per_scene(s) for s in scenes if not context.products.find(_key(self, context, s))
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


def teacher_trajectory(context: Context, scene: Scene) -> Trajectory:
    """The FP trajectory of a scene, from the store if it was recorded before."""

    def make() -> bytes:
        return save(record_scene(context, scene).tensors())

    data = context.products.product(_key(RecordStage(), context, scene), "safetensors", make)
    return Trajectory(**load(data))


def rounded_trajectory(context: Context, scene: Scene) -> Trajectory:
    """The FP model's trajectory in another arithmetic: the noise floor, looked up or made."""

    def make() -> bytes:
        return save(record_scene(context, scene, second=True).tensors())

    key = context.key(RecordStage(), scene.as_dict(), "bfloat16")
    return Trajectory(**load(context.products.product(key, "safetensors", make)))


def record_scene(
    context: Context, scene: Scene, network: nn.Module | None = None, second: bool = False
) -> Trajectory:
    """Samples the scene now, with the model's network or another, or in a second arithmetic."""
    model = context.model
    predict = predictor(model, scene, network)
    shape = model.family.latent_shape(model, scene)
    with other_arithmetic(model.network) if second else nullcontext():
        return record(scene, predict, shape, model.scheduler_config)


def _key(stage: Stage, context: Context, scene: Scene) -> str:
    return context.key(stage, scene.as_dict())
