"""Rounding to nearest of a weight that learns: straight-through, as LSQ trains it."""

import torch

from sdqviz.quant.learned import fake_quantize_learned_weight, quantize_weight_with
from sdqviz.rounding.contract import Grid, Rounding


class Learned(Rounding):
    """It has nothing of its own: the layer's weight and scale move."""

    straight_through = True

    def value(self, weight: torch.Tensor, grid: Grid) -> torch.Tensor:
        return fake_quantize_learned_weight(weight, grid.scale, grid.multipliers, grid.spec)

    def codes(self, weight: torch.Tensor, grid: Grid) -> torch.Tensor:
        return quantize_weight_with(weight, grid.scale, grid.multipliers, grid.spec)
