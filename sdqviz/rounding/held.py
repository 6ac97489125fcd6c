"""Codes that are held: the nearest ones, or those that another rounding chose."""

import torch

from sdqviz.quant.learned import quantize_weight_with
from sdqviz.quant.numerics import QuantizedWeight
from sdqviz.rounding.contract import Grid, Rounding


class Held(Rounding):
    """Buffer held int8 [O, T, I]: a byte a weight, whatever the weight itself is."""

    held: torch.Tensor

    def __init__(self, codes: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("held", codes)

    @staticmethod
    def nearest(weight: torch.Tensor, grid: Grid) -> "Held":
        """The codes nearest to the weight."""
        return Held(quantize_weight_with(weight, grid.scale, grid.multipliers, grid.spec))

    def value(self, weight: torch.Tensor, grid: Grid) -> torch.Tensor:
        return QuantizedWeight(self.held, grid.multipliers, grid.scale, grid.spec).dequantize()

    def codes(self, weight: torch.Tensor, grid: Grid) -> torch.Tensor:
        return self.held
