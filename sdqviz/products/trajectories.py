"""The FP model's trajectories: sampled once and kept on disk, read back one at a time.

What the network takes and gives is stored in half precision. For a model in float16 or bfloat16
that is its own format and changes nothing. A float32 model's calls are rounded to float16, by
4e-8 of their power; its answer to such an input differs by 4e-8 of its power at the first steps
and 1e-5 at the last (mini-sd1, PNDM, 25 steps), at every step over 100 times less than the noise
floor's. Latents, and so pictures, stay float32.
"""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from sdqviz.base.scene import Scene
from sdqviz.base.steps import Steps, result_of
from sdqviz.diffusion.trajectory import Trajectory, recording
from sdqviz.families.arithmetic import other_arithmetic
from sdqviz.families.conditioning import number_format
from sdqviz.families.predictor import predictor
from sdqviz.layers.tensor_file import write_tensors
from sdqviz.products.context import Context
from sdqviz.products.contract import Counted, Product, Products

_HALVED = ("x", "outputs")  # what the network takes and gives


@dataclass(frozen=True)
class Recording:
    """Who makes the trajectories (a `Maker`), whichever stage asks for one."""

    name: str = "record"
    version: int = 2
    reads: tuple[type[Product], ...] = ()
    may_read: tuple[type[Product], ...] = ()

    def telling(self) -> Any:
        return None


RECORD = Recording()


class StoredTrajectories(Mapping[str, Trajectory]):
    """Trajectories by scene id, each read from its file when it is asked for: any number of them
    costs no memory.
    """

    def __init__(self, products: Products, keys: Mapping[str, str]) -> None:
        self._products, self._keys = products, dict(keys)

    def __getitem__(self, scene_id: str) -> Trajectory:
        return read_trajectory(self._products.file(self._keys[scene_id]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def timesteps(self, scene_id: str) -> torch.Tensor:
        """float32 [S], without reading the rest."""
        with safe_open(self._products.file(self._keys[scene_id]), framework="pt") as opened:
            return opened.get_tensor("timesteps")

    @property
    def keys_in_order(self) -> tuple[str, ...]:
        return tuple(self._keys.values())


@dataclass(frozen=True)
class CalibrationTrajectories(Counted):
    """The FP trajectories of the calibration scenes, by scene id."""

    by_scene: StoredTrajectories

    def content(self) -> Any:
        return self.by_scene.keys_in_order

    def visited(self, scene_id: str) -> list[float]:
        """The timesteps of a scene's calls, in sampling order."""
        return self.by_scene.timesteps(scene_id).tolist()

    @property
    def all_visited(self) -> list[float]:
        """Every timestep that they visit, once each, upwards."""
        return sorted({t for scene_id in self.by_scene for t in self.visited(scene_id)})

    @property
    def timesteps(self) -> torch.Tensor:
        """float32 [T]: `all_visited`."""
        return torch.tensor(self.all_visited)


def calls_per_scene(scene: Scene) -> int:
    """Network calls of one trajectory."""
    return scene.steps + (1 if scene.scheduler == "pndm" else 0)


def teacher_trajectory(context: Context, scene: Scene) -> Trajectory:
    """The FP trajectory of a scene, from the store if it was recorded before."""
    return read_trajectory(context.products.file(recorded(context, scene)))


def recorded(context: Context, scene: Scene) -> str:
    """The key of the scene's FP trajectory, which is in the store from now on."""
    return result_of(recording_teacher(context, scene))


def rounded_trajectory(context: Context, scene: Scene) -> Trajectory:
    """The FP model's trajectory in another arithmetic: the noise floor, looked up or made.

    See `families.arithmetic.second_format`.
    """
    return read_trajectory(context.products.file(result_of(recording_rounded(context, scene))))


def recording_teacher(context: Context, scene: Scene) -> Steps[str]:
    """As `recorded`; yields how many calls are made."""
    key = trajectory_key(context, scene)
    yield from _keeping(context, key, scene, second=False)
    return key


def recording_rounded(context: Context, scene: Scene) -> Steps[str]:
    """The key of what `rounded_trajectory` gives; yields how many calls are made."""
    own = number_format(context.model.network)
    # What older versions kept as "bfloat16" of a float16 model was drawn in float32.
    kept = "bfloat16" if own != torch.float16 else "float16 in bfloat16"
    key = context.seen_by(RECORD).item_key(scene.as_dict(), kept)
    yield from _keeping(context, key, scene, second=True)
    return key


def _keeping(context: Context, key: str, scene: Scene, second: bool) -> Steps[None]:
    """Records the scene into a product, unless that is there."""
    if context.products.find(key) is None:
        trajectory = yield from recording_scene(context, scene, second=second)
        tensors = trajectory.tensors()
        network = context.model.network
        half = torch.bfloat16 if number_format(network) == torch.bfloat16 else torch.float16
        for name in _HALVED:
            rounded = tensors[name].to(half)
            if rounded.isfinite().all():  # float16 ends at 65504
                tensors[name] = rounded
        context.products.product_file(key, "safetensors", lambda file: write_tensors(file, tensors))


def read_trajectory(file: Path) -> Trajectory:
    """What is in a file, as float32."""
    tensors = load_file(file)  # a map of the file: what is float32 already is not copied
    return Trajectory(**{name: tensor.to(torch.float32) for name, tensor in tensors.items()})


def record_scene(
    context: Context,
    scene: Scene,
    network: nn.Module | None = None,
    second: bool = False,
    autocast: torch.dtype | None = None,
) -> Trajectory:
    """Samples the scene now, with the model's network or another, or in a second arithmetic."""
    return result_of(recording_scene(context, scene, network, second, autocast))


def recording_scene(
    context: Context,
    scene: Scene,
    network: nn.Module | None = None,
    second: bool = False,
    autocast: torch.dtype | None = None,
) -> Steps[Trajectory]:
    """As `record_scene`; yields how many calls are made."""
    model = context.model
    predict = predictor(model, scene, network, autocast)
    shape = model.family.latent_shape(model, scene)
    with other_arithmetic(model.network) if second else nullcontext():
        return (yield from recording(scene, predict, shape, model.scheduler_config))


def trajectory_key(context: Context, scene: Scene) -> str:
    """The key of a scene's FP trajectory."""
    return context.seen_by(RECORD).item_key(scene.as_dict())
