"""Every engine found agrees with exact integer arithmetic."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from sdqviz.base.registry import found
from sdqviz.kernels.contract import PACKAGE, ConvShape, Operands
from sdqviz.kernels.cpu_onednn import quantize_in_blocks
from sdqviz.quant.numerics import quantize_activation
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec, WeightSpec

ENGINES = found(PACKAGE, "ENGINE")


def as_stored(w8, scale, bias, conv, factor):
    """Integer weights int8 [O, T, I] as 8-bit codes."""
    return Operands(
        shape=tuple(w8.shape),
        spec=WeightSpec(bits=8, group=0),
        tensors={"codes": w8, "scale": scale},
        bias=bias,
        conv=conv,
        factor=factor,
    )


def reference(x, operands, pair, spec):
    """The layer of DESIGN.md, section 5, in int64, by the definition."""
    if operands.factor is not None:
        x = x * (operands.factor if operands.conv is None else operands.factor.view(-1, 1, 1))
    x8 = quantize_activation(x, pair.inverse_scale, pair.zero_point, spec).to(torch.int64)
    centred = x8 - pair.zero_point
    w8 = operands.w8().to(torch.int64)
    if operands.conv is None:
        total = torch.einsum("...i,oi->...o", centred, w8[:, 0])
        scale, bias = operands.scale, operands.bias
    else:
        conv = operands.conv
        kernel = w8.unflatten(1, conv.kernel).permute(0, 3, 1, 2)
        total = torch.nn.functional.conv2d(
            centred.double(), kernel.double(), stride=conv.stride, padding=conv.padding
        ).to(torch.int64)
        scale = operands.scale.view(-1, 1, 1)
        bias = None if operands.bias is None else operands.bias.view(-1, 1, 1)
    y = total.to(torch.float32) * (scale * pair.scale)
    return y if bias is None else y + bias, total, scale * pair.scale, bias


@pytest.mark.parametrize("name", sorted(ENGINES))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_engine_agrees_within_one_ulp(name, data):
    engine = ENGINES[name]
    spec = ActivationSpec(bits=data.draw(st.sampled_from((8, 4))))
    if engine.refusal(torch.device("cpu"), spec):
        assert name != "eager"
        return
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 10_000)))
    out, inputs = data.draw(st.integers(1, 9)), data.draw(st.sampled_from((1, 3, 40, 700)))
    zero = data.draw(st.sampled_from((0, 3, spec.high)))
    kernel = data.draw(st.sampled_from((0, 1, 3)))
    taps = max(1, kernel) ** 2
    extreme = data.draw(st.booleans())
    if extreme:  # every product at its largest: sums must not round
        w8 = torch.full((out, taps, inputs), -127, dtype=torch.int8)
    else:
        w8 = torch.randint(-127, 128, (out, taps, inputs), generator=generator).to(torch.int8)
    scale = torch.rand(out, generator=generator) + 1e-3
    bias = torch.randn(out, generator=generator) if data.draw(st.booleans()) else None
    pair = ActivationRange(0.037, (1 / torch.tensor(0.037)).item(), zero)
    conv = None
    shape: tuple[int, ...] = (2, 5, inputs)
    if kernel:
        stride = data.draw(st.sampled_from((1, 2)))
        padding = data.draw(st.sampled_from((0, 1)))
        conv = ConvShape(
            kernel=(kernel, kernel), stride=(stride, stride), padding=(padding, padding)
        )
        shape = (2, inputs, 5, 6)
    x = torch.full(shape, 1e4) if extreme else 3 * torch.randn(shape, generator=generator)
    channels = torch.rand(inputs, generator=generator) + 0.5
    factor = channels if data.draw(st.booleans()) else None
    operands = as_stored(w8, scale, bias, conv, factor)
    got = engine.run(x, engine.prepare(operands), pair, spec)
    wanted, total, step, offset = reference(x, operands, pair, spec)
    assert got.shape == wanted.shape
    size = (total.to(torch.float32) * step).abs()
    if offset is not None:
        size = torch.maximum(size, offset.abs().expand_as(size))
    ulp = torch.finfo(torch.float32).eps * size.clamp(min=1e-30)
    assert ((got - wanted).abs() <= ulp).all()


def test_codes_made_in_blocks_are_the_same():
    generator = torch.Generator().manual_seed(0)
    x = 40 * torch.randn(3, 7, 100, 97, generator=generator)
    for layout in (torch.contiguous_format, torch.channels_last):
        given = x.contiguous(memory_format=layout)
        codes = quantize_in_blocks(given, 0.7, 131)
        assert codes.stride() == given.stride()
        assert torch.equal(codes.float(), quantize_activation(x, 0.7, 131, ActivationSpec()))


def test_integer_products_are_the_references_bits():
    """The engines that this machine has draw the same picture."""
    engines = [e for e in ENGINES.values() if not e.refusal(torch.device("cpu"), ActivationSpec())]
    generator = torch.Generator().manual_seed(1)
    w8 = torch.randint(-120, 121, (24, 9, 40), generator=generator).to(torch.int8)
    scale, bias = torch.rand(24, generator=generator), torch.randn(24, generator=generator)
    conv = ConvShape(kernel=(3, 3), stride=(1, 1), padding=(1, 1))
    operands = as_stored(w8, scale, bias, conv, None)
    pair = ActivationRange(0.031, (1 / torch.tensor(0.031)).item(), 120)
    x = torch.randn(2, 40, 16, 16, generator=generator)
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        drawn = [e.run(x.to(dtype), e.prepare(operands), pair, ActivationSpec()) for e in engines]
        assert all(y.dtype == dtype and torch.equal(y, drawn[0]) for y in drawn)
