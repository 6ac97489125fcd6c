"""The reference engine: exact on any device, in plain torch.

Integer products are computed as float32 matrix products over chunks of at most 512 inputs, where
they are exact (512 * 127 * 255 < 2^24), and summed in int32.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from sdqviz.kernels.contract import Operands
from sdqviz.quant.numerics import multiply_channels, quantize_activation
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec

EXACT_CHUNK = 512


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A layer's weights expanded: w8 int8 [O, T, I]."""

    w8: torch.Tensor
    operands: Operands


class EagerEngine:
    name = "eager"
    arithmetic = "simulated"
    rank = 0

    def refusal(self, device: torch.device, spec: ActivationSpec) -> str | None:
        if device.type == "cuda" and torch.get_float32_matmul_precision() != "highest":
            return (
                "TF32 matrix products are on, which are not exact; "
                "call torch.set_float32_matmul_precision('highest')"
            )
        return None

    def prepare(self, operands: Operands) -> Prepared:
        return Prepared(w8=operands.w8(), operands=operands)

    def run(
        self, x: torch.Tensor, prepared: Prepared, pair: ActivationRange, spec: ActivationSpec
    ) -> torch.Tensor:
        multiplied = multiply_channels(x, prepared.operands.factor)
        x8 = quantize_activation(multiplied, pair.inverse_scale, pair.zero_point, spec)
        x8 -= pair.zero_point  # so that padding with zeros pads with z
        if prepared.operands.conv is None:
            return self._linear(x8, prepared, pair).to(x.dtype)
        return self._convolution(x8, prepared, pair).to(x.dtype)

    def _linear(self, x8: torch.Tensor, prepared: Prepared, pair: ActivationRange) -> torch.Tensor:
        """x8: integers as float32 [..., K], z already taken off."""
        weight = prepared.w8.flatten(1).to(torch.float32)
        total = torch.zeros(*x8.shape[:-1], len(weight), dtype=torch.int32, device=x8.device)
        for start in range(0, x8.shape[-1], EXACT_CHUNK):
            chunk = slice(start, start + EXACT_CHUNK)
            total += (x8[..., chunk] @ weight[:, chunk].T).to(torch.int32)
        y = total.to(torch.float32) * (prepared.operands.scale * pair.scale)
        bias = prepared.operands.bias
        return y if bias is None else y + bias

    def _convolution(
        self, x8: torch.Tensor, prepared: Prepared, pair: ActivationRange
    ) -> torch.Tensor:
        conv = prepared.operands.conv
        assert conv is not None
        inputs, height = x8.shape[1:3]
        columns = F.unfold(x8, conv.kernel, padding=conv.padding, stride=conv.stride)
        # unfold orders K as (in, kh, kw); the weight is (kh, kw, in)
        columns = columns.unflatten(1, (inputs, -1)).permute(0, 3, 2, 1).flatten(2)
        y = self._linear(columns, prepared, pair)
        out_height = (height + 2 * conv.padding[0] - conv.kernel[0]) // conv.stride[0] + 1
        return y.transpose(1, 2).unflatten(2, (out_height, -1))


ENGINE = EagerEngine()
