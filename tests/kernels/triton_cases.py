"""Run by test_triton.py in a process where Triton interprets its kernels on the CPU."""

import torch

from sdqviz.kernels.contract import ConvShape, Operands
from sdqviz.kernels.eager import ENGINE as EAGER
from sdqviz.kernels.triton_w4a8 import ENGINE as TRITON
from sdqviz.quant.numerics import quantize_weight
from sdqviz.quant.pack import pack_weight
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec, WeightSpec


def check(out, inputs, kernel, stride, padding, bits, group, zero, bias, factor, dtype, a_bits=8):
    generator = torch.Generator().manual_seed(out * 1000 + inputs)
    spec = WeightSpec(bits=bits, group=group)
    taps = max(1, kernel) ** 2
    weight = quantize_weight(torch.randn(out, taps, inputs, generator=generator), spec)
    conv = None
    if kernel:
        conv = ConvShape(kernel=(kernel,) * 2, stride=(stride,) * 2, padding=(padding,) * 2)
    operands = Operands(
        shape=(out, taps, inputs),
        spec=spec,
        tensors=pack_weight(weight),
        bias=torch.randn(out, generator=generator) if bias else None,
        conv=conv,
        factor=torch.rand(inputs, generator=generator) + 0.5 if factor else None,
    )
    x = 3 * torch.randn(*((2, inputs, 5, 6) if kernel else (2, 7, inputs)), generator=generator)
    x[0, 0, 0] = 1e30
    pair = ActivationRange(0.037, (1 / torch.tensor(0.037)).item(), zero)
    ours, wanted = (
        engine.run(x.to(dtype), engine.prepare(operands), pair, ActivationSpec(bits=a_bits))
        for engine in (TRITON, EAGER)
    )
    assert ours.shape == wanted.shape and ours.dtype == dtype
    size = wanted.float().abs() + (operands.bias.abs().max() if bias else 0)
    ulp = torch.finfo(dtype).eps * size
    assert ((ours.float() - wanted.float()).abs() <= ulp).all(), (out, inputs, kernel)


def main():
    f32, bf16 = torch.float32, torch.bfloat16
    check(9, 40, 0, 1, 0, 4, 32, 128, True, False, f32)  # a short last group
    check(17, 96, 0, 1, 0, 4, 32, 3, True, True, f32)
    check(5, 33, 0, 1, 0, 4, 0, 255, False, False, f32)  # one scale per channel, odd inputs
    check(8, 64, 0, 1, 0, 8, 0, 128, True, False, bf16)
    check(6, 24, 0, 1, 0, 4, 16, 7, False, True, f32, a_bits=4)
    check(7, 40, 3, 1, 1, 4, 32, 131, True, True, f32)
    check(20, 16, 3, 2, 1, 4, 16, 0, True, False, f32)
    check(4, 70, 1, 1, 0, 4, 32, 200, False, False, bf16)
    check(3, 4, 3, 1, 1, 8, 0, 128, True, False, f32)
    check(6, 12, 3, 1, 1, 2, 4, 90, True, False, f32)
    print("all agree")


if __name__ == "__main__":
    main()
