"""What a rounding is: a strategy that chooses the codes of one weight.

A `FakeLayer` asks it for the weight that computes while something is learned, and packing asks it
for the codes. What a rounding learns are its own parameters; the weight and its grid are given.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from sdqviz.quant.learned import grouped_steps
from sdqviz.quant.spec import WeightSpec


@dataclass(frozen=True)
class Grid:
    """Where the codes of a weight [O, T, I] lie: scale float32 [O], multipliers uint8 [O, T, G]."""

    scale: torch.Tensor
    multipliers: torch.Tensor
    spec: WeightSpec

    def units(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight in steps between codes: float32 [O, T, G, g], zeros where a group is short."""
        grouped, step = grouped_steps(weight, self.scale, self.multipliers, self.spec)
        return grouped / step

    def real(self, codes: torch.Tensor, inputs: int) -> torch.Tensor:
        """What codes float [O, T, G, g], whole or not, stand for: float32 [O, T, inputs]."""
        integers = codes * self.multipliers.unsqueeze(-1).to(torch.float32)
        return integers.flatten(2)[..., :inputs] * self.scale.view(-1, 1, 1)


class Rounding(nn.Module, ABC):
    """Chooses codes for a real-valued weight float32 [O, T, I] on its grid."""

    # Gradients pass through to weight and scale as `quant.quantized_product` gives them, which
    # then computes the layer and keeps no rounded copy of its weight.
    straight_through: ClassVar[bool] = False

    @abstractmethod
    def value(self, weight: torch.Tensor, grid: Grid) -> torch.Tensor:
        """The weight that computes: float32 [O, T, I], with gradients to what is learned."""

    @abstractmethod
    def codes(self, weight: torch.Tensor, grid: Grid) -> torch.Tensor:
        """What is packed: int8 [O, T, I]."""

    def regulariser(self, sharpness: float) -> torch.Tensor:
        """What keeps `value` from `codes`, a scalar: 0 where they agree, or without an opinion."""
        return torch.zeros(())
