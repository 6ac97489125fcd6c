"""Roundings: what computes, what is packed, and what drives one to the other."""

import pytest
import torch

from sdqviz.quant.numerics import quantize_weight
from sdqviz.quant.spec import WeightSpec
from sdqviz.rounding.adaround import AdaRound
from sdqviz.rounding.contract import Grid
from sdqviz.rounding.held import Held
from sdqviz.rounding.learned import Learned


def weight_on_grid(bits=4, group=16) -> tuple[torch.Tensor, Grid, torch.Tensor]:
    weight = torch.randn(5, 9, 20, generator=torch.Generator().manual_seed(0))
    found = quantize_weight(weight, WeightSpec(bits=bits, group=group))
    return weight, Grid(found.scale, found.multipliers, found.spec), found.codes


@pytest.mark.parametrize(("bits", "group"), [(4, 16), (3, 0), (8, 0)])
def test_all_agree_before_anything_is_learned(bits, group):
    weight, grid, nearest = weight_on_grid(bits, group)
    for rounding in (Learned(), Held.nearest(weight, grid), AdaRound(weight, grid)):
        codes = rounding.codes(weight, grid)
        assert codes.dtype == torch.int8 and codes.shape == weight.shape
        assert (codes != nearest).float().mean() < 1e-3  # halves may go up or down
    for rounding in (Learned(), Held.nearest(weight, grid)):
        assert torch.equal(rounding.value(weight, grid), grid.real(_grouped(nearest, grid), 20))


def test_adaround_starts_at_the_weight_itself_and_ends_on_codes():
    weight, grid, _ = weight_on_grid()
    rounding = AdaRound(weight, grid)
    units = grid.units(weight)
    inside = ((units >= grid.spec.low) & (units <= grid.spec.high)).flatten(2)[..., :20]
    assert inside.float().mean() > 0.9
    assert torch.allclose(rounding.value(weight, grid)[inside], weight[inside], atol=1e-5)
    assert rounding.regulariser(2.0) > 100
    optimizer = torch.optim.Adam(rounding.parameters(), lr=0.1)
    for _ in range(80):
        optimizer.zero_grad()
        rounding.regulariser(2.0).backward()
        optimizer.step()
    assert rounding.regulariser(2.0) < 2  # but for who stands just between
    codes = rounding.codes(weight, grid)
    value = Held(codes).value(weight, grid)
    apart = (rounding.value(weight, grid) - value).abs() > 2e-2
    assert apart.sum() <= 2


def test_adaround_lifts_a_weight_that_nearest_would_lower():
    weight, grid, nearest = weight_on_grid()
    rounding = AdaRound(weight, grid)
    wanted = weight + 0.6 * grid.real(torch.ones_like(grid.units(weight)), 20)  # 0.6 of a code
    optimizer = torch.optim.Adam(rounding.parameters(), lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        (rounding.value(weight, grid) - wanted).square().sum().backward()
        optimizer.step()
    codes = rounding.codes(weight, grid).to(torch.int16)
    assert set((codes - nearest).unique().tolist()) == {0, 1}  # up, or where it was: never beyond
    assert (codes > nearest).float().mean() > 0.3


def _grouped(codes: torch.Tensor, grid: Grid) -> torch.Tensor:
    group = grid.spec.group or codes.shape[-1]
    short = -codes.shape[-1] % group
    return torch.nn.functional.pad(codes.float(), (0, short)).unflatten(-1, (-1, group))
