"""The FP model's trajectories: looked up, or sampled and kept."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from safetensors.torch import load, save
from torch import nn

from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import Trajectory, record
from sdqviz.families.arithmetic import other_arithmetic
from sdqviz.families.predictor import predictor
from sdqviz.products.context import Context
from sdqviz.products.contract import Counted, Product


@dataclass(frozen=True)
class Recording:
    """Who makes the trajectories (a `Maker`), whichever stage asks for one."""

    name: str = "record"
    version: int = 1
    reads: tuple[type[Product], ...] = ()
    may_read: tuple[type[Product], ...] = ()

    def telling(self) -> Any:
        return None


RECORD = Recording()


@dataclass(frozen=True)
class CalibrationTrajectories(Counted):
    """The FP trajectories of the calibration scenes, by scene id, and the keys of each."""

    by_scene: dict[str, Trajectory]
    keys: tuple[str, ...]

    def content(self) -> Any:
        return self.keys

    @property
    def timesteps(self) -> torch.Tensor:
        """int64 [T]: every timestep that they visit, once each, upwards."""
        calls = [trajectory.timesteps for trajectory in self.by_scene.values()]
        return torch.cat(calls).to(torch.int64).unique()


def calls_per_scene(scene: Scene) -> int:
    """Network calls of one trajectory."""
    return scene.steps + (1 if scene.scheduler == "pndm" else 0)


def teacher_trajectory(context: Context, scene: Scene) -> Trajectory:
    """The FP trajectory of a scene, from the store if it was recorded before."""

    def make() -> bytes:
        return save(record_scene(context, scene).tensors())

    data = context.products.product(trajectory_key(context, scene), "safetensors", make)
    return Trajectory(**load(data))


def rounded_trajectory(context: Context, scene: Scene) -> Trajectory:
    """The FP model's trajectory in another arithmetic: the noise floor, looked up or made."""

    def make() -> bytes:
        return save(record_scene(context, scene, second=True).tensors())

    key = context.seen_by(RECORD).item_key(scene.as_dict(), "bfloat16")
    return Trajectory(**load(context.products.product(key, "safetensors", make)))


def record_scene(
    context: Context,
    scene: Scene,
    network: nn.Module | None = None,
    second: bool = False,
    autocast: torch.dtype | None = None,
) -> Trajectory:
    """Samples the scene now, with the model's network or another, or in a second arithmetic."""
    model = context.model
    predict = predictor(model, scene, network, autocast)
    shape = model.family.latent_shape(model, scene)
    with other_arithmetic(model.network) if second else nullcontext():
        return record(scene, predict, shape, model.scheduler_config)


def trajectory_key(context: Context, scene: Scene) -> str:
    """The key of a scene's FP trajectory."""
    return context.seen_by(RECORD).item_key(scene.as_dict())
