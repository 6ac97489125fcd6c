"""Run by test_triton.py in a process where Triton interprets its kernels on the CPU."""

import torch

from sdqviz.kernels.contract import ConvShape, Operands, refused_layer
from sdqviz.kernels.cuda import probe
from sdqviz.kernels.cuda_int_mm import ENGINE as INT_MM
from sdqviz.kernels.cuda_int_mm import scaled_by_passes
from sdqviz.kernels.eager import ENGINE as EAGER
from sdqviz.kernels.triton_code import launch
from sdqviz.kernels.triton_int8 import ENGINE as INT8
from sdqviz.kernels.triton_w4a8 import ENGINE as W4A8
from sdqviz.quant.numerics import quantize_weight
from sdqviz.quant.pack import pack_weight
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec, WeightSpec

F32, F16, BF16 = torch.float32, torch.float16, torch.bfloat16
CPU = torch.device("cpu")


def made(out, inputs, kernel=0, stride=1, padding=0, bits=4, group=32, bias=True, factor=False):
    """The operands of a random layer; kernel 0 for a linear."""
    generator = torch.Generator().manual_seed(out * 1000 + inputs)
    spec = WeightSpec(bits=bits, group=group)
    taps = max(1, kernel) ** 2
    weight = quantize_weight(torch.randn(out, taps, inputs, generator=generator), spec)
    conv = None
    if kernel:
        conv = ConvShape(kernel=(kernel,) * 2, stride=(stride,) * 2, padding=(padding,) * 2)
    return Operands(
        shape=(out, taps, inputs),
        spec=spec,
        tensors=pack_weight(weight),
        bias=torch.randn(out, generator=generator) if bias else None,
        conv=conv,
        factor=torch.rand(inputs, generator=generator) + 0.5 if factor else None,
    )


def input_of(operands, dtype, layout=torch.contiguous_format):
    inputs = operands.shape[2]
    generator = torch.Generator().manual_seed(inputs)
    shape = (2, 7, inputs) if operands.conv is None else (2, inputs, 5, 6)
    x = 3 * torch.randn(shape, generator=generator)
    x[0, 0, 0] = 1e4
    x = x.to(dtype)
    return x if operands.conv is None else x.contiguous(memory_format=layout)


def pair_of(zero, scale=0.037):
    return ActivationRange(scale, (1 / torch.tensor(scale)).item(), zero)


def check(
    operands, zero, dtype=F32, a_bits=8, layout=torch.contiguous_format, engines=(W4A8, INT8)
):
    """Every engine that takes the layer gives the reference's bits, in x's layout."""
    x, spec = input_of(operands, dtype, layout), ActivationSpec(bits=a_bits)
    wanted = EAGER.run(x, EAGER.prepare(operands), pair_of(zero), spec)
    for engine in engines:
        assert refused_layer(engine, operands) is None, engine.name
        ours = engine.run(x, engine.prepare(operands), pair_of(zero), spec)
        assert ours.shape == wanted.shape and ours.dtype == dtype
        assert operands.conv is None or ours.is_contiguous(memory_format=layout)
        same = torch.equal(ours, wanted)
        if dtype == BF16:  # the interpreter cuts float32 off to bfloat16, where a GPU rounds
            ulp = torch.finfo(BF16).eps * wanted.float().abs()
            same = bool(((ours.float() - wanted.float()).abs() <= ulp).all())
        assert same, (engine.name, operands.shape, dtype)


def check_ranges_of_samples(operands):
    """A range for each sample, read on the device, is each sample by itself."""
    x, spec = input_of(operands, F32), ActivationSpec()
    pairs = (pair_of(120), pair_of(9, 0.05))
    rows = torch.cat([pair.row_on(CPU) for pair in pairs])
    alone = [
        EAGER.run(x[i : i + 1], EAGER.prepare(operands), pair, spec) for i, pair in enumerate(pairs)
    ]
    for engine in (W4A8, INT8):
        both = engine.run_rows(x, engine.prepare(operands), rows, spec)
        assert torch.equal(both, torch.cat(alone)), engine.name


def check_scaling_of_another_product(operands):
    """The kernel after PyTorch's int8 product is what its own passes compute."""
    prepared = INT_MM.prepare(operands)
    total = torch.randint(-90000, 90000, (14, len(operands.scale)), dtype=torch.int32)
    for pairs in ((pair_of(120),), (pair_of(120), pair_of(9, 0.05))):
        rows = torch.cat([pair.row_on(CPU) for pair in pairs])
        wanted = scaled_by_passes(total, prepared, rows, F16)
        ours = launch.scale_sums(total, prepared.sums, operands, rows, F16)
        assert torch.equal(ours, wanted)


def main():
    last = torch.channels_last
    check(made(9, 40), 128)  # a short last group
    check(made(17, 96, factor=True), 3)
    check(made(70, 256), 3, F16)  # whole steps, more outputs than a tile
    check(made(6, 24, group=16, bias=False, factor=True), 7, a_bits=4)
    check(made(11, 200, group=64), 77, BF16)
    check(made(7, 40, 3, 1, 1, factor=True), 131)
    check(made(7, 40, 3, 1, 1), 131, F16, layout=last)
    check(made(20, 16, 3, 2, 1, group=16), 0, layout=last)
    check(made(4, 70, 1, bias=False), 200, BF16)
    check(made(6, 48, 3, 1, 1, bits=2, group=16), 90)
    for eight in (made(8, 64, bits=8, group=0), made(3, 4, 3, 1, 1, bits=8, group=0)):
        check(eight, 128, F16, engines=(INT8,))
    check(made(5, 33, group=0, bias=False), 255, engines=(INT8,))  # a scale per channel, odd inputs
    check(made(6, 12, 3, 1, 1, bits=2, group=4), 90, engines=(INT8,))
    assert "groups of 16, 32, 64" in refused_layer(W4A8, made(6, 12, group=4))
    for operands in (made(9, 40), made(7, 40, 3, 1, 1)):
        check_ranges_of_samples(operands)
    check_scaling_of_another_product(made(9, 40))
    check_scaling_of_another_product(made(64, 64, bias=False))
    assert not probe(W4A8, CPU) and not probe(INT8, CPU)
    print("all agree")


if __name__ == "__main__":
    main()
