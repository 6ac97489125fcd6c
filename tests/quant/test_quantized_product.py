"""The product that keeps its input alone: the values and gradients of rounding and multiplying."""

import pytest
import torch
from torch.nn import functional as F

from sdqviz.quant.learned import fake_quantize_learned_activation, fake_quantize_learned_weight
from sdqviz.quant.numerics import oti_to_taps_last, quantize_weight, taps_last_to_oti
from sdqviz.quant.quantized_product import ProductSpec, ProductWeight, quantized_product
from sdqviz.quant.spec import ActivationSpec, WeightSpec


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


SHAPES = {"linear": (24, 40), "convolution": (24, 40, 3, 3)}


def tensors(shape, rank=0):
    """Leaves by name: what may get a gradient."""
    own = draw(*shape) * 0.2
    weight = taps_last_to_oti(own).contiguous()
    start = quantize_weight(weight, WeightSpec())
    image = (2, 40, 6, 6) if len(shape) == 4 else (2, 7, 40)
    leaves = {
        "x": draw(*image, seed=1) * 2,
        "scale": start.scale,
        "bias": draw(24, seed=2),
        "step": torch.tensor([0.02, 0.03]),
        "offset": torch.tensor([-2.0, -3.1]),
    }
    if rank:
        leaves["up"], leaves["down"] = draw(24, rank, seed=3) * 0.02, draw(rank, weight[0].numel())
    else:
        leaves["weight"] = weight
    return {n: t.clone().requires_grad_() for n, t in leaves.items()}, own, start.multipliers


def spec_of(shape, first_token=False):
    padding = (1, 1) if len(shape) == 4 else (0, 0)
    return ProductSpec(
        weight=WeightSpec(),
        activation=ActivationSpec(),
        shape=torch.Size(shape),
        padding=padding,
        begins_every=5 if first_token else 0,
    )


def plain(leaves, own, multipliers, factor, spec):
    """The same by autograd's own rules, every rounded tensor kept."""
    weight = leaves.get("weight")
    if weight is None:
        weight = taps_last_to_oti(own) if factor is None else taps_last_to_oti(own) / factor
        weight = weight + (leaves["up"] @ leaves["down"]).view_as(weight)
    rounded = fake_quantize_learned_weight(weight, leaves["scale"], multipliers, spec.weight)
    rounded = oti_to_taps_last(rounded, spec.shape).contiguous()
    x = leaves["x"]
    if factor is not None:
        x = x * (factor.view(-1, 1, 1) if x.dim() == 4 else factor)
    v = fake_quantize_learned_activation(x, leaves["step"], leaves["offset"], spec.activation)
    if spec.begins_every:
        v = v.clone()
        v[..., ::5, :] = x[..., ::5, :]
    if len(spec.shape) == 4:
        return F.conv2d(v, rounded, leaves["bias"], padding=1)
    return F.linear(v, rounded, leaves["bias"])


def ours(leaves, own, multipliers, factor, spec):
    low_rank = (leaves["up"], leaves["down"]) if "up" in leaves else None
    base, shared = (own, True) if low_rank else (leaves["weight"], False)
    weight = ProductWeight(base, low_rank, leaves["scale"], multipliers, factor, shared)
    ranges = (leaves["step"], leaves["offset"])
    return quantized_product(leaves["x"], weight, leaves["bias"], ranges, spec)


CASES = [("linear", 0, True), ("linear", 3, False), ("convolution", 0, False)]


@pytest.mark.parametrize("factor", [None, torch.linspace(0.5, 2, 40)], ids=["", "equalised"])
@pytest.mark.parametrize(("shape", "rank", "first_token"), [*CASES, ("convolution", 3, False)])
def test_values_and_gradients_are_those_of_rounding_and_multiplying(
    shape, rank, first_token, factor
):
    leaves, own, multipliers = tensors(SHAPES[shape], rank)
    spec = spec_of(SHAPES[shape], first_token)
    wanted = plain(leaves, own, multipliers, factor, spec)
    pull = draw(*wanted.shape, seed=5)
    gradients = torch.autograd.grad(wanted, list(leaves.values()), pull)
    got = ours(leaves, own, multipliers, factor, spec)
    assert torch.equal(got, wanted)
    for name, a, b in zip(
        leaves, torch.autograd.grad(got, list(leaves.values()), pull), gradients, strict=True
    ):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-4 * b.abs().max().item()), name


@pytest.mark.parametrize("shape", SHAPES)
def test_in_bfloat16_the_integers_are_multiplied_exactly(shape):
    """Half a code at 255 would be a relative error of 0.2 % of every large input: the sum of a
    few inputs shows it, and the integers have none of it.
    """
    leaves, own, multipliers = tensors(SHAPES[shape])
    spec = spec_of(SHAPES[shape])
    with torch.no_grad():
        leaves["bias"].zero_()  # a sum that a bias nearly cancels shows its own rounding larger
        exact = plain(leaves, own, multipliers, None, spec)
        with torch.autocast("cpu", torch.bfloat16):
            got = ours(leaves, own, multipliers, None, spec)
            rounded = plain(leaves, own, multipliers, None, spec)
    assert got.dtype == torch.bfloat16
    # One rounding of the sum of integers, one of the output, each to 8 bits: none of an operand.
    unit = (exact.abs() * 2**-8).clamp(min=1e-6)
    assert ((got.float() - exact).abs() / unit).max() <= 2.02
    assert ((rounded.float() - exact).abs() / unit).max() > 4


def test_bfloat16_gradients_point_where_those_of_float32_do():
    leaves, own, multipliers = tensors(SHAPES["convolution"])
    spec = spec_of(SHAPES["convolution"])
    wanted = ours(leaves, own, multipliers, None, spec)
    pull = draw(*wanted.shape, seed=5)
    exact = torch.autograd.grad(wanted, list(leaves.values()), pull)
    with torch.autocast("cpu", torch.bfloat16):
        got = ours(leaves, own, multipliers, None, spec)
    near = torch.autograd.grad(got, list(leaves.values()), pull.to(torch.bfloat16))
    for name, a, b in zip(leaves, near, exact, strict=True):
        assert torch.cosine_similarity(a.flatten(), b.flatten(), dim=0) > 0.999, name


@pytest.mark.parametrize("rank", [0, 3])
def test_the_backward_pass_is_left_with_what_is_there_anyway(rank):
    leaves, own, multipliers = tensors(SHAPES["convolution"], rank)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        ours(leaves, own, multipliers, None, spec_of(SHAPES["convolution"]))
    there = {t.data_ptr() for t in (*leaves.values(), own)}
    assert {t.data_ptr() for t in kept} <= there
