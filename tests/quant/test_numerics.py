import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from sdqviz.base.errors import SdqvizError
from sdqviz.quant import numerics
from sdqviz.quant.numerics import (
    fake_quantize_activation,
    fake_quantize_weight,
    oti_to_taps_last,
    quantize_activation,
    quantize_weight,
    taps_last_to_oti,
)
from sdqviz.quant.pack import pack_weight, packed_shapes, unpack_weight
from sdqviz.quant.ranges import spanning_range
from sdqviz.quant.spec import ActivationSpec, WeightSpec

SPECS = st.builds(WeightSpec, bits=st.integers(2, 8), group=st.sampled_from((0, 2, 4, 8, 16, 32)))
SHAPES = st.tuples(st.integers(1, 7), st.sampled_from((1, 4, 9)), st.integers(1, 70))
SCALES = st.sampled_from((0.0, 1e-38, 1e-20, 1e-3, 1.0, 300.0, 1e30))


@settings(max_examples=80, deadline=None)
@given(shape=SHAPES, spec=SPECS, scale=SCALES, seed=st.integers(0, 99))
def test_packing_changes_no_bit(shape, spec, scale, seed):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(shape, generator=generator) * scale
    quantized = quantize_weight(weight, spec)
    tensors = pack_weight(quantized)
    assert {n: tuple(t.shape) for n, t in tensors.items()} == packed_shapes(shape, spec)
    again = unpack_weight(tensors, shape, spec)
    assert torch.equal(again.integer(), quantized.integer())
    assert torch.equal(again.dequantize(), quantized.dequantize())
    layout = oti_to_taps_last(weight, (shape[0], shape[2], 1, shape[1]))
    assert torch.equal(taps_last_to_oti(fake_quantize_weight(layout, spec)), again.dequantize())


@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, spec=SPECS, seed=st.integers(0, 99))
def test_codes_stay_on_their_grid(shape, spec, seed):
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    quantized = quantize_weight(weight, spec)
    assert quantized.codes.min() >= spec.low
    assert quantized.codes.max() <= spec.high
    assert quantized.multipliers.min() >= 1
    assert quantized.multipliers.max() <= spec.largest_multiplier
    assert quantized.integer().abs().to(torch.int16).max() <= 127
    assert torch.isfinite(quantized.dequantize()).all()


def test_constant_channels_are_represented():
    weight = torch.stack([torch.zeros(1, 40), torch.full((1, 40), 0.37), -torch.ones(1, 40)])
    error = (quantize_weight(weight, WeightSpec()).dequantize() - weight).abs().amax(dim=(1, 2))
    assert error[0] == 0
    assert error.max() < 0.05


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_damaged_weight_is_refused(bad):
    weight = torch.zeros(2, 1, 4)
    weight[1, 0, 2] = bad
    with pytest.raises(SdqvizError, match="NaN or infinity"):
        quantize_weight(weight, WeightSpec())


@pytest.mark.parametrize(("group", "limit"), [(16, 0.082), (32, 0.092), (64, 0.099), (0, 0.111)])
def test_gaussian_error_is_what_the_design_promises(group, limit):
    weight = torch.randn(64, 1, 1024, generator=torch.Generator().manual_seed(1))
    rounded = quantize_weight(weight, WeightSpec(group=group)).dequantize()  # DESIGN.md, section 5
    assert (rounded - weight).norm() / weight.norm() < limit


def test_multipliers_help_heavy_tails():
    weight = torch.distributions.StudentT(4.0).sample((64, 1, 1024))
    errors = [
        (quantize_weight(weight, WeightSpec(group=group)).dequantize() - weight).norm()
        for group in (32, 0)
    ]
    assert errors[0] < 0.75 * errors[1]


@settings(max_examples=60, deadline=None)
@given(
    low=st.floats(-1e4, 0), high=st.floats(0, 1e4), bits=st.integers(4, 8), seed=st.integers(0, 9)
)
def test_activations_round_trip_within_half_a_step(low, high, bits, seed):
    spec = ActivationSpec(bits=bits)
    pair = spanning_range(low, high, spec)
    generator = torch.Generator().manual_seed(seed)
    x = low + (high - low) * torch.rand(200, generator=generator)
    codes = quantize_activation(x, pair.inverse_scale, pair.zero_point, spec)
    assert torch.equal(codes, codes.round())
    assert codes.min() >= 0
    assert codes.max() <= spec.high
    assert quantize_activation(torch.zeros(1), pair.inverse_scale, pair.zero_point, spec) == (
        pair.zero_point
    )
    back = fake_quantize_activation(x, pair.scale, pair.inverse_scale, pair.zero_point, spec)
    assert (back - x).abs().max() <= pair.scale * 1.001 + 1e-6


def test_nan_activations_become_the_zero_point():
    x = torch.tensor([float("nan"), float("inf"), float("-inf")])
    codes = quantize_activation(x, 10.0, 7, ActivationSpec())
    assert codes.tolist() == [7.0, 255.0, 0.0]


def test_ties_follow_the_stored_inverse():
    scale = torch.tensor(0.3, dtype=torch.float32)
    inverse = (1 / scale).item()
    x = torch.arange(-2000, 2000, dtype=torch.float32) * 0.05
    expected = (torch.round(x * inverse) + 100).clamp(0, 255)
    assert torch.equal(quantize_activation(x, inverse, 100, ActivationSpec()), expected)
    divided = (torch.round(x / scale) + 100).clamp(0, 255)
    assert not torch.equal(expected, divided)  # the reason why the inverse is stored


def test_how_many_weights_are_searched_at_a_time_changes_nothing(monkeypatch):
    """A GPU takes many more at a time than a CPU's cache holds."""
    weight = torch.randn(24, 3, 40, generator=torch.Generator().manual_seed(0))
    spec = WeightSpec(bits=4, group=16)
    whole = quantize_weight(weight, spec)
    monkeypatch.setattr(numerics, "SEARCH_BLOCK", 120)  # one output channel
    alone = quantize_weight(weight, spec)
    for name in ("codes", "multipliers", "scale"):
        assert torch.equal(getattr(whole, name), getattr(alone, name)), name
