"""Integer W4A8 on x86 CPUs through PyTorch's oneDNN operators (VNNI, AMX).

The operators are private to PyTorch: all that knows them is in this file, and `refusal` probes them
with a product that it checks. They are given the layer's own scale, s * a, as the weight's scale
and 1 as the activation's: then their epilogue rounds exactly as the contract says, and results
equal the reference engine's bit for bit (for inputs without NaN, whose code is not defined here).
"""

import functools
import warnings
from dataclasses import dataclass

import torch

from sdqviz.kernels.contract import ConvShape, Operands
from sdqviz.quant.numerics import multiply_channels
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec, WeightSpec

_BLOCK = 1 << 16  # values quantized at a time where PyTorch has no fused operator: a cache's worth


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A layer's weight in oneDNN's own layout, and what its operators want beside it."""

    weight: torch.Tensor
    scale: torch.Tensor  # float32 [O]
    bias: torch.Tensor | None
    conv: ConvShape | None
    factor: torch.Tensor | None
    zeros: torch.Tensor  # int32 [O]: the weights' zero points


class OneDnnEngine:
    name = "cpu_onednn"
    arithmetic = "integer"
    rank = 10

    def refusal(self, device: torch.device, spec: ActivationSpec) -> str | None:
        if device.type != "cpu":
            return f"it computes on the CPU, the model is on {device.type}"
        return _unusable()

    def prepare(self, operands: Operands) -> Prepared:
        w8, scale, conv = operands.w8(), operands.scale, operands.conv
        zeros = torch.zeros(len(scale), dtype=torch.int32)
        if conv is None:
            weight = torch.ops.onednn.qlinear_prepack(w8.squeeze(1).contiguous(), None)
        else:
            kernel = w8.unflatten(1, conv.kernel).permute(0, 3, 1, 2)
            weight = torch.ops.onednn.qconv_prepack(
                kernel, scale, 1.0, 0, conv.stride, conv.padding, (1, 1), 1, None
            )
        return Prepared(
            weight=weight,
            scale=scale,
            bias=operands.bias,
            conv=conv,
            factor=operands.factor,
            zeros=zeros,
        )

    def run(
        self, x: torch.Tensor, prepared: Prepared, pair: ActivationRange, spec: ActivationSpec
    ) -> torch.Tensor:
        x = _dense(x, prepared)
        x8 = _quantize(multiply_channels(x, prepared.factor), pair, spec)
        return self.multiply(x8, prepared, pair, x.dtype)

    def multiply(
        self, x8: torch.Tensor, prepared: Prepared, pair: ActivationRange, dtype: torch.dtype
    ) -> torch.Tensor:
        """`run` from the codes on: x8 uint8 like x."""
        conv, x8 = prepared.conv, _dense(x8, prepared)
        step = prepared.scale * pair.scale
        kind = dtype if dtype in (torch.float32, torch.bfloat16) else torch.float32
        common = (x8, 1.0, pair.zero_point, prepared.weight, step, prepared.zeros, prepared.bias)
        if conv is None:
            y = torch.ops.onednn.qlinear_pointwise(*common, 1.0, 0, kind, "none", [], "")
        else:
            shape = (conv.stride, conv.padding, (1, 1), 1)
            y = torch.ops.onednn.qconv2d_pointwise(*common, *shape, 1.0, 0, kind, "none", [], "")
        return y.to(dtype)


def _dense(x: torch.Tensor, prepared: Prepared) -> torch.Tensor:
    """x as the operators want it: pictures channels-last."""
    layout = torch.contiguous_format if prepared.conv is None else torch.channels_last
    return x.contiguous(memory_format=layout)


def _quantize(x: torch.Tensor, pair: ActivationRange, spec: ActivationSpec) -> torch.Tensor:
    """The codes of x as uint8, in x's own memory layout."""
    x = x.to(torch.float32)
    fused = _fused_quantize()
    if fused is None:
        x8 = quantize_in_blocks(x, pair.inverse_scale, pair.zero_point)
    else:
        x8 = _plain(fused(x, pair.scale, pair.zero_point, torch.quint8))
    return x8 if spec.high == 255 else x8.clamp_(max=spec.high)


def _plain(quantized: torch.Tensor) -> torch.Tensor:
    """The codes of a quantized tensor where they lie; `int_repr` would copy them."""
    codes = torch.empty(0, dtype=torch.uint8)
    return codes.set_(quantized.untyped_storage(), 0, quantized.shape, quantized.stride())


def quantize_in_blocks(x: torch.Tensor, inverse_scale: float, zero_point: int) -> torch.Tensor:
    """clamp(rint(x * inverse_scale) + zero_point, 0, 255) as uint8, a block in the cache at a time.

    x: float32, dense in memory (any dense layout).
    """
    codes = torch.empty_like(x, dtype=torch.uint8)
    flat = x.as_strided((x.numel(),), (1,), x.storage_offset())
    out = codes.as_strided((x.numel(),), (1,))
    block = torch.empty(min(_BLOCK, x.numel()))
    for start in range(0, x.numel(), _BLOCK):
        part = flat[start : start + _BLOCK]
        now = torch.mul(part, inverse_scale, out=block[: len(part)])
        out[start : start + _BLOCK] = now.round_().add_(zero_point).clamp_(0, 255)
    return codes


@functools.cache
def _fused_quantize():
    """PyTorch's own operator while it lasts: one pass, five times faster than separate ones."""
    operator = getattr(torch, "quantize_per_tensor", None)
    if operator is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says once that it will be removed; then blocks serve
        try:
            codes = _plain(operator(torch.tensor([-1.0, 0.5, 9.0]), 0.25, 3, torch.quint8))
        except RuntimeError:
            return None
    return operator if codes.tolist() == [0, 5, 39] else None


@functools.cache
def _unusable() -> str | None:
    """Why the operators cannot serve on this machine, or None once a product came out right."""
    if not torch.cpu._is_vnni_supported():
        return "this CPU has no AVX512-VNNI"
    try:
        weight = torch.tensor([[[3, -4]], [[127, 1]]], dtype=torch.int8)
        operands = Operands(
            shape=(2, 1, 2),
            spec=WeightSpec(bits=8, group=0),
            tensors={"codes": weight, "scale": torch.tensor([0.5, 0.25])},
            bias=torch.tensor([1.0, 0.0]),
            conv=None,
        )
        engine = OneDnnEngine()
        x = torch.tensor([[2.0, -1.0]])
        y = engine.run(x, engine.prepare(operands), ActivationRange(1.0, 1.0, 7), ActivationSpec())
    except (RuntimeError, AttributeError, NotImplementedError, TypeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        return f"torch {torch.__version__} lacks its operators ({first})"
    if y.tolist() != [[6.0, 63.25]]:
        return f"torch {torch.__version__}'s operators give other results"
    return None


ENGINE = OneDnnEngine()
