"""Channel equalisation: less rounding error where channels differ, nothing where they do not."""

import pytest
import torch

from sdqviz.quant.equalise import ChannelRange, equalise
from sdqviz.quant.numerics import fake_quantize_activation, fake_quantize_weight
from sdqviz.quant.ranges import spanning_range
from sdqviz.quant.spec import ActivationSpec, WeightSpec

WEIGHTS, ACTIVATIONS = WeightSpec(bits=4, group=32), ActivationSpec(bits=8)


def seen(x: torch.Tensor) -> ChannelRange:
    """Of samples x [N, I], all at one timestep."""
    low, high = x.amin(dim=0, keepdim=True), x.amax(dim=0, keepdim=True)
    return ChannelRange(low, high, x.square().mean(dim=0))


def quantized(x: torch.Tensor, weight: torch.Tensor, bits: int) -> torch.Tensor:
    pair = spanning_range(x.min().item(), x.max().item(), ACTIVATIONS)
    rounded = fake_quantize_activation(
        x, pair.scale, pair.inverse_scale, pair.zero_point, ACTIVATIONS
    )
    return rounded @ fake_quantize_weight(weight, WeightSpec(bits=bits, group=32)).T


@pytest.mark.parametrize("bits", [4, 8])
def test_large_channels_cost_less(bits):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(512, 64, generator=generator)
    x[:, ::16] *= 200
    weight = torch.randn(48, 64, generator=generator) / 8
    weight[:, ::16] /= 50
    exact = x @ weight.T
    divisors = equalise(weight.unsqueeze(1), seen(x), WeightSpec(bits=bits, group=32), ACTIVATIONS)
    assert divisors.log().mean().abs() < 1e-5
    assert torch.allclose((x / divisors) @ (weight * divisors).T, exact, rtol=1e-3, atol=1e-3)
    before = (quantized(x, weight, bits) - exact).square().mean()
    after = (quantized(x / divisors, weight * divisors, bits) - exact).square().mean()
    assert after < 0.6 * before


def test_like_channels_are_left_alone():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(4096, 64, generator=generator)
    x[0], x[1] = 1.0, -1.0
    weight = torch.randn(48, 1, 64, generator=generator)
    assert torch.equal(equalise(weight, seen(x), WEIGHTS, ACTIVATIONS), torch.ones(64))


def test_empty_channels_and_dead_inputs_stay_finite():
    x = torch.randn(64, 40)
    x[:, 3] = 0
    weight = torch.randn(8, 9, 40)
    for values in (x, torch.zeros(64, 40)):
        divisors = equalise(weight, seen(values), WEIGHTS, ACTIVATIONS)
        assert divisors.isfinite().all() and (divisors > 0).all()
