"""A linear or convolution whose weight and input are rounded to their grids, with gradients.

The gradients are those of `learned`. What the backward pass needs is rounded again from the input
and the weight, so that a layer keeps its input alone: no rounded copy of either, and of a low-rank
change not the sum W + U D.

In bfloat16 the product is one of integers, which bfloat16 holds exactly (up to 256), scaled
afterwards as the kernels do it. Rounding a * (x8 - z) itself to 8 significant bits would move a
code of 255 by up to half a code.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch.nn import functional as F

from sdqviz.quant.learned import (
    activation_gradients,
    activation_integers,
    fake_quantize_learned_activation,
    weight_gradients,
    weight_integers,
)
from sdqviz.quant.numerics import multiply_channels, oti_to_taps_last, taps_last_to_oti
from sdqviz.quant.spec import ActivationSpec, WeightSpec


@dataclass(frozen=True, kw_only=True)
class ProductSpec:
    """What else than its tensors fixes a layer. shape: of the weight in the layer's own layout,
    [O, I] or [O, I, kh, kw]; stride and padding of a convolution; begins_every: that many
    rows of the input [B, rows, I] apart are those that are not rounded; 0 is none.
    """

    weight: WeightSpec
    activation: ActivationSpec | None
    shape: torch.Size
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    begins_every: int = 0


@dataclass(frozen=True)
class ProductWeight:
    """weight: float32 [O, T, I]; or, when nothing moves it but `low_rank`, the layer's own tensor
    in any number format and its own layout, shared with whoever holds it. low_rank: None, or
    (up [O, r], down [r, T * I]), float32. scale float32 [O]; multipliers uint8 [O, T, G]; factor
    float32 [I] or None: what the input's channels are multiplied by.
    """

    weight: torch.Tensor
    low_rank: tuple[torch.Tensor, torch.Tensor] | None
    scale: torch.Tensor
    multipliers: torch.Tensor
    factor: torch.Tensor | None
    shared: bool

    def real(self) -> torch.Tensor:
        """The real-valued weight before rounding, float32 [O, T, I]."""
        weight = self.weight
        if self.shared:
            weight = taps_last_to_oti(weight.to(torch.float32))
            weight = weight if self.factor is None else weight / self.factor
        if self.low_rank is None:
            return weight
        with torch.autocast(weight.device.type, enabled=False):  # packing sees float32
            up, down = self.low_rank
            return weight + (up @ down).view_as(weight)


def quantized_product(
    x: torch.Tensor,
    weight: ProductWeight,
    bias: torch.Tensor | None,
    ranges: tuple[torch.Tensor, torch.Tensor] | None,
    spec: ProductSpec,
    fixed: torch.Tensor | None = None,
) -> torch.Tensor:
    """The layer's output for x [B, ..., I] or [B, I, H, W], in the number format of the
    surrounding autocast, else that of x.

    bias float32 [O] or None. ranges: None leaves the input as it is, else (scale, offset) float32
    [B], or [1] for all. fixed: the weight's integers int8 in the layer's own layout, rounded
    before, which no gradient may ask for.
    """
    up, down = weight.low_rank or (None, None)
    scale, offset = ranges or (None, None)
    known = (weight.multipliers, weight.factor, weight.shared, spec, fixed)
    return _Product.apply(  # type: ignore[return-value]
        x, weight.weight, up, down, weight.scale, bias, scale, offset, known
    )


def real_product(
    x: torch.Tensor,
    value: torch.Tensor,
    bias: torch.Tensor | None,
    ranges: tuple[torch.Tensor, torch.Tensor] | None,
    factor: torch.Tensor | None,
    spec: ProductSpec,
) -> torch.Tensor:
    """As `quantized_product`, of a weight that is rounded already, or half so: `value` float32
    [O, T, I], real, which autograd follows. What it needs backwards is kept.
    """
    seen = multiply_channels(x, factor)
    if ranges is not None and spec.activation is not None:
        rounded = fake_quantize_learned_activation(seen, *ranges, spec.activation)
        if spec.begins_every:
            first = _begins(x, spec.begins_every)
            rounded = torch.where(first, seen.to(torch.float32), rounded)
        seen = rounded
    kernel, seen = oti_to_taps_last(value, spec.shape).to(x.dtype), seen.to(x.dtype)
    own = None if bias is None else bias.to(x.dtype)
    if len(spec.shape) == 4:
        return F.conv2d(seen, kernel.contiguous(), own, spec.stride, spec.padding)
    return F.linear(seen, kernel, own)


def _begins(x: torch.Tensor, every: int) -> torch.Tensor:
    """Which rows are not rounded: [rows, 1]."""
    rows = torch.arange(x.shape[-2], device=x.device)
    return (rows % every == 0)[:, None]


def whole_weight(weight: ProductWeight, spec: ProductSpec) -> torch.Tensor:
    """w8 in the layer's own layout: float32, whole numbers, contiguous."""
    integers = weight_integers(weight.real(), weight.scale, weight.multipliers, spec.weight)
    # Contiguous: channels-last weights would turn every later layer channels-last, whose
    # GroupNorm is ten times slower backwards on CPUs.
    return oti_to_taps_last(integers, spec.shape).contiguous()


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        up: torch.Tensor | None,
        down: torch.Tensor | None,
        scale: torch.Tensor,
        bias: torch.Tensor | None,
        step: torch.Tensor | None,
        offset: torch.Tensor | None,
        known: tuple,
    ) -> torch.Tensor:
        device = x.device.type
        cast = torch.is_autocast_enabled(device)
        dtype = torch.get_autocast_dtype(device) if cast else x.dtype
        tensors = (x, weight, up, down, scale, step, offset)
        ctx.save_for_backward(*tensors)
        ctx.known, ctx.dtype = known, dtype
        with torch.autocast(device, enabled=False):
            return _Operands(tensors, known, dtype).output(bias)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        with torch.autocast(grads[0].device.type, enabled=False):
            operands = _Operands(ctx.saved_tensors, ctx.known, ctx.dtype)
            return operands.gradients(grads[0], ctx.needs_input_grad)


class _Operands:
    """Both operands of one call, rounded; made for the forward pass and again for the backward."""

    def __init__(self, tensors: tuple, known: tuple, dtype: torch.dtype) -> None:
        self.x, weight, up, down, scale, self.step, self.offset = tensors
        multipliers, factor, shared, self.spec, self._fixed = known
        low_rank = None if up is None else (up, down)
        self.weight = ProductWeight(weight, low_rank, scale, multipliers, factor, shared)
        self.dtype, self.whole = dtype, dtype == torch.bfloat16

    @cached_property
    def right(self) -> torch.Tensor:
        integers = whole_weight(self.weight, self.spec) if self._fixed is None else self._fixed
        if self.whole:
            return integers.to(self.dtype)
        return self._scaled(integers.to(torch.float32), self.weight.scale).to(self.dtype)

    @cached_property
    def left(self) -> torch.Tensor:
        return self._input().to(self.dtype)

    def _scaled(self, integers: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        """What they stand for, under one scale per first dimension; where the integers themselves
        are multiplied, those.
        """
        return integers if self.whole else integers * scale.view(-1, *(1,) * (integers.dim() - 1))

    def _seen(self) -> torch.Tensor:
        """The input that is rounded: its channels multiplied by their factors."""
        return multiply_channels(self.x, self.weight.factor)

    def _input(self) -> torch.Tensor:
        if self.step is None or self.offset is None or self.spec.activation is None:
            return self._seen()
        x = self._seen()
        rounded = activation_integers(x, self.step, self.offset, self.spec.activation)
        rounded = self._scaled(rounded, self.step)
        if self.spec.begins_every:
            first = x.to(torch.float32)
            if self.whole:
                first = first / self.step.view(-1, *(1,) * (x.dim() - 1))
            rounded = torch.where(_begins(x, self.spec.begins_every), first, rounded)
        return rounded

    def output(self, bias: torch.Tensor | None) -> torch.Tensor:
        if not self.whole:
            own = None if bias is None else bias.to(self.dtype)
            return self._product(own)
        y = self._product(None).to(torch.float32)
        y = y * self._output_scale(y.dim(), self.weight.scale, self.step)
        if bias is not None:
            y += bias.view(self._channels(y.dim()))
        return y.to(self.dtype)

    def _product(self, bias: torch.Tensor | None) -> torch.Tensor:
        if self.convolves:
            spec = self.spec
            return F.conv2d(self.left, self.right, bias, spec.stride, spec.padding)
        return F.linear(self.left, self.right, bias)

    @property
    def convolves(self) -> bool:
        return len(self.spec.shape) == 4

    def _channels(self, dim: int) -> tuple[int, ...]:
        """A vector over the output channels as it meets an output of `dim` dimensions."""
        return (-1, 1, 1) if self.convolves else (*(1,) * (dim - 1), -1)

    def _output_scale(
        self, dim: int, scale: torch.Tensor | None, step: torch.Tensor | None
    ) -> torch.Tensor:
        """What a product of integers is multiplied by: s[o], a[b] or both."""
        parts = []
        if scale is not None:
            parts.append(scale.view(self._channels(dim)))
        if step is not None:
            parts.append(step.view(-1, *(1,) * (dim - 1)))
        return parts[0] * parts[1] if len(parts) == 2 else parts[0]

    def gradients(self, grad: torch.Tensor, needs: tuple[bool, ...]) -> tuple:
        """Of x, weight, up, down, scale, bias, step and offset; of the constants none."""
        to_x = to_step = to_offset = to_weight = to_up = to_down = to_scale = to_bias = None
        if needs[5]:
            own = [d for d in range(grad.dim()) if d != (1 if self.convolves else grad.dim() - 1)]
            to_bias = grad.to(torch.float32).sum(dim=own)
        if needs[0] or needs[6]:
            to_x, to_step, to_offset = self._input_gradients(self._to_left(grad), needs[6])
        if any(needs[1:5]):
            real = self.weight.real()
            rounded = taps_last_to_oti(self._to_right(grad).to(torch.float32))
            to_weight, to_scale = weight_gradients(
                real, self.weight.scale, self.weight.multipliers, self.spec.weight, rounded
            )
            if self.weight.low_rank is not None:
                up, down = self.weight.low_rank
                flat = to_weight.flatten(1)
                to_up, to_down = flat @ down.T, up.T @ flat
            to_weight = to_weight if needs[1] else None
        return to_x, to_weight, to_up, to_down, to_scale, to_bias, to_step, to_offset, None

    def _to_left(self, grad: torch.Tensor) -> torch.Tensor:
        """The gradient of the input as rounded."""
        if self.whole:
            scale = self._output_scale(grad.dim(), self.weight.scale, None)
            grad = (grad.to(torch.float32) * scale).to(self.dtype)
        if not self.convolves:
            return grad @ self.right
        return self._convolution(grad, [True, False, False])[0]

    def _to_right(self, grad: torch.Tensor) -> torch.Tensor:
        """The gradient of the weight as rounded, in the layer's own layout."""
        if self.whole and self.step is not None:
            scale = self._output_scale(grad.dim(), None, self.step)
            grad = (grad.to(torch.float32) * scale).to(self.dtype)
        if not self.convolves:
            return grad.flatten(0, -2).T @ self.left.flatten(0, -2)
        return self._convolution(grad, [False, True, False])[1]

    def _convolution(self, grad: torch.Tensor, wanted: list[bool]) -> Any:
        spec = self.spec
        return torch.ops.aten.convolution_backward(
            *(grad.contiguous(), self.left, self.right, None, spec.stride, spec.padding),
            *((1, 1), False, (0, 0), 1, wanted),
        )

    def _input_gradients(self, grad: torch.Tensor, ranges: bool) -> tuple:
        """From the gradient of the rounded input: those of x, step and offset."""
        to_step = to_offset = None
        to_x = grad
        if self.step is not None and self.offset is not None and self.spec.activation is not None:
            x, inner = self._seen(), grad
            if self.spec.begins_every:
                inner = grad.masked_fill(_begins(x, self.spec.begins_every), 0.0)
            to_x, to_step, to_offset = activation_gradients(
                x, self.step, self.offset, self.spec.activation, inner, ranges
            )
            if self.spec.begins_every:
                to_x = torch.where(_begins(x, self.spec.begins_every), grad, to_x)
        return multiply_channels(to_x, self.weight.factor).to(self.x.dtype), to_step, to_offset
