"""Integer W4A8 on NVIDIA GPUs through PyTorch's int8 product, which is cuBLASLt's.

It computes linears and convolutions of one tap, from int8 weights. With Triton, rounding and
scaling are a kernel each; without, as on Windows, some passes of PyTorch's own.
"""

import importlib.util
from dataclasses import dataclass
from typing import Any

import torch

from sdqviz.kernels.contract import Operands
from sdqviz.kernels.cuda import CudaEngine, is_point
from sdqviz.quant.numerics import multiply_channels
from sdqviz.quant.spec import ActivationSpec, WeightSpec

_ROWS, _MULTIPLE = 32, 8  # cuBLASLt's: more than 16 rows; inputs and outputs by the eight


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """w8 int8 [O, I]; sums int32 [O] of its rows."""

    operands: Operands
    w8: torch.Tensor
    sums: torch.Tensor


class IntMatmulEngine(CudaEngine):
    name = "cuda_int_mm"
    rank = 20

    def layer_refusal(self, operands: Operands) -> str | None:
        outputs, _, inputs = operands.shape
        if not is_point(operands.conv):
            return "it computes linears and convolutions of one tap"
        if outputs % _MULTIPLE or inputs % _MULTIPLE:
            return f"it takes inputs and outputs by the {_MULTIPLE}, not {inputs} and {outputs}"
        return None

    def compact(self, spec: WeightSpec) -> bool:
        return spec.bits > 4 and spec.largest_multiplier == 1  # the codes are the weights

    def prepare(self, operands: Operands) -> Prepared:
        stored = operands.tensors["codes"] if self.compact(operands.spec) else operands.w8()
        w8 = stored.squeeze(1)
        return Prepared(operands=operands, w8=w8, sums=w8.sum(dim=1, dtype=torch.int32))

    def run_rows(
        self, x: torch.Tensor, prepared: Any, ranges: torch.Tensor, spec: ActivationSpec
    ) -> torch.Tensor:
        operands = prepared.operands
        picture = operands.conv is not None
        last = x.permute(0, 2, 3, 1) if picture else x
        codes = _rounded(x, operands, ranges, spec)
        rows = len(codes)
        if rows < _ROWS:
            codes = torch.nn.functional.pad(codes, (0, 0, 0, _ROWS - rows))
        total = torch._int_mm(codes, prepared.w8.T)[:rows]
        y = _scaled(total, prepared, ranges, x.dtype).view(*last.shape[:-1], -1)
        if not picture:
            return y
        y = y.permute(0, 3, 1, 2)
        kept = x.is_contiguous(memory_format=torch.channels_last)
        return y if kept else y.contiguous()


def _triton() -> bool:
    return importlib.util.find_spec("triton") is not None


def _rounded(
    x: torch.Tensor, operands: Operands, ranges: torch.Tensor, spec: ActivationSpec
) -> torch.Tensor:
    """The codes of x [B, ..., I] or [B, I, H, W] less 128: int8 [rows, I]."""
    if x.is_cuda and _triton():
        from sdqviz.kernels.triton_code.launch import quantize

        return quantize(x, operands.conv, operands.factor, ranges, spec).values.flatten(0, 2)
    inverse, zero, _ = _columns(ranges, x)
    scaled = multiply_channels(x, operands.factor).to(torch.float32)
    scaled = scaled if operands.conv is None else scaled.permute(0, 2, 3, 1)
    codes = torch.round(scaled * inverse).nan_to_num_(nan=0.0).add_(zero).clamp_(0, spec.high)
    return codes.sub_(128).to(torch.int8).flatten(0, -2)


def _scaled(
    total: torch.Tensor, prepared: Prepared, ranges: torch.Tensor, dtype: torch.dtype
) -> torch.Tensor:
    """float32(total - zero * sums) * (scale * a) + bias, in dtype: [rows, O]."""
    operands = prepared.operands
    if total.is_cuda and _triton():
        from sdqviz.kernels.triton_code.launch import scale_sums

        return scale_sums(total, prepared.sums, operands, ranges, dtype)
    return scaled_by_passes(total, prepared, ranges, dtype)


def scaled_by_passes(
    total: torch.Tensor, prepared: Prepared, ranges: torch.Tensor, dtype: torch.dtype
) -> torch.Tensor:
    """The same by PyTorch's own operators."""
    operands = prepared.operands
    parts = total.unflatten(0, (len(ranges), -1))  # [R, rows of a sample, O]
    _, zero, a = _columns(ranges, parts)
    centred = parts - (zero.to(torch.int32) - 128) * prepared.sums
    y = centred.to(torch.float32) * (operands.scale * a)
    y = y if operands.bias is None else y + operands.bias
    return y.to(dtype).flatten(0, 1)


def _columns(ranges: torch.Tensor, like: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """(inverse scale, zero point, scale), each [R, 1, ...] beside `like` [B, ...]."""
    return ranges.view(len(ranges), 3, *(1,) * (like.dim() - 1)).unbind(1)


ENGINE = IntMatmulEngine()
