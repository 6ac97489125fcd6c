"""Trainable quantizers: the forward values of `numerics`, and the gradients that LSQ states."""

import pytest
import torch

from sdqviz.quant.learned import (
    fake_quantize_learned_activation,
    fake_quantize_learned_weight,
    quantize_weight_with,
)
from sdqviz.quant.numerics import QuantizedWeight, fake_quantize_activation, quantize_weight
from sdqviz.quant.ranges import spanning_range
from sdqviz.quant.spec import ActivationSpec, WeightSpec


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("spec", [WeightSpec(), WeightSpec(group=0, bits=8), WeightSpec(bits=2)])
def test_the_learned_weight_is_what_would_be_packed(spec):
    weight = draw(6, 9, 40)  # 40 inputs: the second group of 32 is short
    start = quantize_weight(weight, spec)
    learned = fake_quantize_learned_weight(weight, start.scale, start.multipliers, spec)
    codes = quantize_weight_with(weight, start.scale, start.multipliers, spec)
    packed = QuantizedWeight(codes, start.multipliers, start.scale, spec)
    assert torch.equal(learned, packed.dequantize())
    # Dividing by the unscaled step may move a tie, nothing more.
    assert (codes != start.codes).float().mean() < 1e-3


def test_gradients_to_the_weight_stop_where_it_is_clipped():
    spec = WeightSpec(group=0)
    weight = torch.tensor([[[0.1, 0.36, 5.0, -5.0]]], requires_grad=True)
    scale = torch.tensor([0.1], requires_grad=True)
    ones = torch.ones(1, 1, 1, dtype=torch.uint8)
    out = fake_quantize_learned_weight(weight, scale, ones, spec)
    assert torch.allclose(out, torch.tensor([[[0.1, 0.4, 0.7, -0.8]]]))
    out.sum().backward()
    assert weight.grad.flatten().tolist() == [1.0, 1.0, 0.0, 0.0]
    # LSQ: round(u) - u inside (0 and 4 - 3.6), the end's code outside (7 and -8).
    assert scale.grad.item() == pytest.approx(0.4 + 7 - 8, abs=1e-4)


def test_each_sample_is_rounded_by_its_own_pair():
    spec = ActivationSpec()
    x = draw(3, 5, 4)
    pairs = [spanning_range(-1.0 - i, 2.0 + i, spec) for i in range(3)]
    scale = torch.tensor([p.scale for p in pairs])
    offset = torch.tensor([-p.zero_point * p.scale for p in pairs])
    got = fake_quantize_learned_activation(x, scale, offset, spec)
    for row, own, pair in zip(x, got, pairs, strict=True):
        wanted = fake_quantize_activation(
            row, pair.scale, pair.inverse_scale, pair.zero_point, spec
        )
        assert torch.equal(own, wanted)


def test_gradients_to_scale_and_offset():
    spec = ActivationSpec()
    x = torch.tensor([[0.123, 99.0, -99.0]], requires_grad=True)
    scale = torch.tensor([0.01], requires_grad=True)
    offset = torch.tensor([-1.0], requires_grad=True)
    fake_quantize_learned_activation(x, scale, offset, spec).sum().backward()
    assert x.grad.tolist() == [[1.0, 0.0, 0.0]]
    assert offset.grad.item() == 2.0  # both clipped values move with the range's lower end
    assert scale.grad.item() == pytest.approx(12 - 12.3 + 255, abs=1e-3)


def test_a_shared_pair_collects_the_whole_batch():
    spec = ActivationSpec()
    x = draw(4, 3) * 100
    scale = torch.tensor([0.01], requires_grad=True)
    offset = torch.tensor([-1.0], requires_grad=True)
    fake_quantize_learned_activation(x, scale, offset, spec).sum().backward()
    assert offset.grad.shape == scale.grad.shape == (1,)
    clipped = ((x > 1.55) | (x < -1.0)).sum().item()
    assert offset.grad.item() == pytest.approx(clipped, abs=2)


def test_a_clamped_zero_point_leaves_the_offset_alone():
    spec = ActivationSpec()
    x = torch.tensor([[0.5, 99.0, -99.0]], requires_grad=True)
    scale = torch.tensor([0.01], requires_grad=True)
    for offset, above, below in ((0.3, 255, 0), (-9.0, 0, -255)):  # z stays 0, z stays 255
        beta = torch.tensor([offset], requires_grad=True)
        scale.grad = None
        fake_quantize_learned_activation(x, scale, beta, spec)[0, 1:].sum().backward()
        assert beta.grad.item() == 0
        assert scale.grad.item() == above + below
