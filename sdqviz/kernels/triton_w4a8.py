"""Integer W4A8 on NVIDIA GPUs: Triton kernels that read the packed 4-bit codes.

Nothing is expanded in memory: the weights stay 4 bits, and become int8 in registers inside an
implicit matrix product on the s8 tensor cores. Activations are rounded by a kernel of their own.
"""

import importlib.util
from dataclasses import dataclass

import torch

from sdqviz.kernels.contract import ConvShape, Operands
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec

_POINT = ConvShape(kernel=(1, 1), stride=(1, 1), padding=(0, 0))
_BLOCK = 1024
_TURING = (7, 5)  # the first generation with s8 tensor cores


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The stored weights, and the sum of each output's integers, int32 [O]."""

    operands: Operands
    sums: torch.Tensor


class TritonEngine:
    name = "triton_w4a8"
    arithmetic = "integer"
    rank = 20

    def refusal(self, device: torch.device, spec: ActivationSpec) -> str | None:
        if device.type != "cuda":
            return f"it computes on NVIDIA GPUs, the model is on {device.type}"
        if importlib.util.find_spec("triton") is None:
            return "Triton is not installed"
        capability = torch.cuda.get_device_capability(device)
        if torch.version.hip is None and capability < _TURING:
            return f"compute capability {capability[0]}.{capability[1]} has no s8 tensor cores"
        return None

    def prepare(self, operands: Operands) -> Prepared:
        return Prepared(operands=operands, sums=operands.w8().sum(dim=(1, 2), dtype=torch.int32))

    def run(
        self, x: torch.Tensor, prepared: Prepared, pair: ActivationRange, spec: ActivationSpec
    ) -> torch.Tensor:
        operands = prepared.operands
        conv = operands.conv or _POINT
        if operands.conv is None:
            pixels = x.contiguous().view(-1, 1, 1, x.shape[-1])
        else:
            pixels = x.permute(0, 2, 3, 1).contiguous()  # free where x is channels-last
        batch, height, width, _ = pixels.shape
        out_height, out_width = (
            (side + 2 * pad - kernel) // stride + 1
            for side, pad, kernel, stride in zip(
                (height, width), conv.padding, conv.kernel, conv.stride, strict=True
            )
        )
        out = len(operands.scale)
        y = torch.empty(batch, out_height, out_width, out, dtype=x.dtype, device=x.device)
        if y.numel():
            codes = _quantize(pixels, operands.factor, pair, spec)
            _multiply(codes, prepared, pair, conv, y)
        return y.view(*x.shape[:-1], out) if operands.conv is None else y.permute(0, 3, 1, 2)


def _quantize(
    pixels: torch.Tensor, factor: torch.Tensor | None, pair: ActivationRange, spec: ActivationSpec
) -> torch.Tensor:
    from sdqviz.kernels.triton_code.quantize import quantize_kernel

    codes = torch.empty_like(pixels, dtype=torch.int8)
    quantize_kernel[(-(-pixels.numel() // _BLOCK),)](
        pixels,
        pixels if factor is None else factor,
        codes,
        pixels.numel(),
        pixels.shape[-1],
        pair.inverse_scale,
        float(pair.zero_point),
        float(spec.high),
        has_factor=factor is not None,
        block=_BLOCK,
    )
    return codes


def _multiply(
    codes: torch.Tensor,
    prepared: Prepared,
    pair: ActivationRange,
    conv: ConvShape,
    y: torch.Tensor,
) -> None:
    from sdqviz.kernels.triton_code import matmul

    operands, tensors = prepared.operands, prepared.operands.tensors
    _, taps, inputs = operands.shape
    stored = tensors["codes"]
    four_bits = operands.spec.bits <= 4
    rows = y.shape[0] * y.shape[1] * y.shape[2]
    given = (
        codes,
        stored,
        tensors.get("multipliers", stored),
        prepared.sums,
        operands.scale * pair.scale,
        operands.scale if operands.bias is None else operands.bias,
        y,
        rows,
        y.shape[3],
        inputs,
        stored.shape[2] if four_bits else 0,
        *codes.shape[1:3],
        *y.shape[1:3],
        *conv.stride,
        *conv.padding,
        pair.zero_point - 128,
    )
    fixed = {
        "taps": taps,
        "taps_x": conv.kernel[1],
        "group": 2 * stored.shape[3] if four_bits else 2,
        "four_bits": four_bits,
        "has_multipliers": "multipliers" in tensors,
        "has_bias": operands.bias is not None,
    }

    def grid(meta: dict[str, int]) -> tuple[int]:
        across = -(-y.shape[3] // meta["block_n"])
        return (-(-rows // meta["block_m"]) * across,)

    if codes.is_cuda:
        matmul.tuned_matmul[grid](*given, **fixed)
    else:  # Triton's interpreter, which has nothing to tune
        matmul.matmul_kernel[grid(matmul.FIXED)](*given, **fixed, **matmul.FIXED)


ENGINE = TritonEngine()
