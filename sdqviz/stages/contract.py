"""What a stage is, and the context it works on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from sdqviz.base.events import Event
from sdqviz.base.keys import content_key
from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import Trajectory
from sdqviz.families.contract import Model
from sdqviz.layers.activations import ActivationPairs
from sdqviz.layers.plan import LayerPlan


class Products(Protocol):
    """Where finished work is kept and found again by its content key."""

    def product(self, key: str, suffix: str, make: Callable[[], bytes]) -> bytes: ...

    def product_file(self, key: str, suffix: str, write: Callable[[Path], object]) -> None:
        """As `product`, for one that `write` puts into a file."""
        ...

    def blob(self, data: bytes, suffix: str) -> str: ...

    def find(self, key: str) -> str | None: ...

    def file(self, key: str) -> Path:
        """The file of a product that is there."""
        ...

    def scratch(self) -> Path:
        """A folder for this run's unfinished work. It survives a crash, not the run's end."""
        ...


@dataclass
class Context:
    """What the stages of one run share. Each fills in what later ones read."""

    model: Model
    model_key: str
    config: Any
    calibration: list[Scene]
    held_out: list[Scene]
    products: Products
    training: list[Scene] = field(default_factory=list)  # all rounds' scenes, in order
    tune: list[Scene] = field(default_factory=list)  # watched while training
    influence: list[float] = field(default_factory=list)  # of each call, mean 1; empty: uniform
    sensitive: dict[str, str] = field(default_factory=dict)  # layers at 8 bits, and why
    plan: dict[str, LayerPlan] = field(default_factory=dict)
    trajectories: dict[str, Trajectory] = field(default_factory=dict)
    activations: dict[str, ActivationPairs] = field(default_factory=dict)
    histograms_key: str = ""  # of the calibration's histograms
    learned: nn.Module | None = None  # a trained network of fake layers, to be packed
    learned_key: str = ""
    student: nn.Module | None = None
    student_key: str = ""
    lpips_net: str = ""  # alex, squeeze or vgg; empty takes the default
    result: dict[str, Any] = field(default_factory=dict)

    def key(self, stage: "Stage", *parts: Any) -> str:
        """A content key of this model, stage and machine setting, plus what `parts` add."""
        return content_key(self.model_key, stage.name, stage.version, machine_key(), *parts)


def machine_key() -> list[Any]:
    """What else fixes the last bit of a float: torch, its threads."""
    return [torch.__version__, torch.get_num_threads()]


class Stage(Protocol):
    name: str
    version: int  # raised whenever its products would come out differently

    def cost(self, context: Context) -> float:
        """Expected work in network calls, for the time left."""
        ...

    def run(self, context: Context) -> Iterator[Event]: ...


def calls_per_scene(scene: Scene) -> int:
    return scene.steps + (1 if scene.scheduler == "pndm" else 0)
