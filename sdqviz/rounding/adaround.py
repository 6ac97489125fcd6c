"""AdaRound (Nagel et al. 2020, arXiv 2004.10568): each code learns whether to go up or down."""

import torch
from torch import nn

from sdqviz.rounding.contract import Grid, Rounding

ZETA, GAMMA = 1.1, -0.1  # the rectified sigmoid reaches 0 and 1 (their eq. 23)


class AdaRound(Rounding):
    """Parameter lift float32 [O, T, G, g]: the code is floor(w / step) + h(lift).

    h is the rectified sigmoid. It starts where h is the weight's own place between two codes, so
    that `value` is the weight itself; at the end the sign of `lift` decides. `below` is the floor,
    int8.
    """

    below: torch.Tensor

    def __init__(self, weight: torch.Tensor, grid: Grid) -> None:
        super().__init__()
        units = grid.units(weight.detach())
        below = torch.floor(units).clamp(-128, 127)
        rest = (units - below).clamp(0, 1)
        lift = -torch.log((ZETA - GAMMA) / (rest - GAMMA) - 1)
        self.lift = nn.Parameter(lift)
        self.register_buffer("below", below.to(torch.int8))

    def share(self) -> torch.Tensor:
        """h(lift): how far each code is lifted, 0 to 1."""
        return (torch.sigmoid(self.lift) * (ZETA - GAMMA) + GAMMA).clamp(0, 1)

    def value(self, weight: torch.Tensor, grid: Grid) -> torch.Tensor:
        codes = (self.below + self.share()).clamp(grid.spec.low, grid.spec.high)
        return grid.real(codes, weight.shape[-1])

    @torch.no_grad()
    def codes(self, weight: torch.Tensor, grid: Grid) -> torch.Tensor:
        codes = (self.below + (self.lift >= 0)).clamp(grid.spec.low, grid.spec.high)
        return codes.flatten(2)[..., : weight.shape[-1]].to(torch.int8)

    def regulariser(self, sharpness: float) -> torch.Tensor:
        """Sum of 1 - |2 h - 1|^sharpness: 0 where every code went all the way (their eq. 24)."""
        return (1 - (2 * self.share() - 1).abs().pow(sharpness)).sum()
