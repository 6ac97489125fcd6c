"""What the stages of one run share."""

from dataclasses import dataclass, field
from typing import Any

from torch import nn

from sdqviz.base.keys import content_key
from sdqviz.base.scene import Scene
from sdqviz.diffusion.trajectory import Trajectory
from sdqviz.families.contract import Model
from sdqviz.layers.plan import LayerPlan
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.products.contract import Products
from sdqviz.products.keys import Maker, machine_key


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
    activations: dict[str, ActivationRanges] = field(default_factory=dict)
    histograms_key: str = ""  # of the calibration's histograms
    learned: nn.Module | None = None  # a trained network of fake layers, to be packed
    learned_key: str = ""
    student: nn.Module | None = None
    student_key: str = ""
    lpips_net: str = ""  # squeeze, alex or vgg; empty takes the default
    result: dict[str, Any] = field(default_factory=dict)

    def key(self, stage: Maker, *parts: Any) -> str:
        """A content key of this model, stage and machine setting, plus what `parts` add."""
        return content_key(self.model_key, stage.name, stage.version, machine_key(), *parts)
