"""Quantizers that can be trained: the arithmetic of `numerics` with gradients.

Rounding is straight-through; scales learn by the rules of LSQ (Esser et al. 2020, eq. 3) and of
LSQ+ (Bhalgat et al. 2020, eq. 6) where there is an offset. Their gradient scale is left out: the
optimiser is Adam, which divides it away. Forward values are those of `numerics` to the last bit.
"""

from typing import Any

import torch

from sdqviz.quant.numerics import split_groups
from sdqviz.quant.spec import ActivationSpec, WeightSpec


def quantize_weight_with(
    weight: torch.Tensor, scale: torch.Tensor, multipliers: torch.Tensor, spec: WeightSpec
) -> torch.Tensor:
    """Codes of weight [O, T, I] under a given scale [O] and multipliers [O, T, G]: int8."""
    grouped, step = grouped_steps(weight.detach(), scale.detach(), multipliers, spec)
    codes = torch.round(grouped / step).clamp_(spec.low, spec.high)
    return codes.flatten(2)[..., : weight.shape[-1]].to(torch.int8)


def fake_quantize_learned_weight(
    weight: torch.Tensor, scale: torch.Tensor, multipliers: torch.Tensor, spec: WeightSpec
) -> torch.Tensor:
    """scale[o] * code * multiplier, float32 [O, T, I], with gradients to weight and scale."""
    return _Weight.apply(weight, scale, multipliers, spec)  # type: ignore[return-value]


def fake_quantize_learned_activation(
    x: torch.Tensor, scale: torch.Tensor, offset: torch.Tensor, spec: ActivationSpec
) -> torch.Tensor:
    """(x8 - z) * scale, float32 like x [B, ...], each sample under its own range.

    scale and offset (the range's lower end beta) are float32 [B], or [1] for one shared range;
    z = round(-offset / scale). Gradients flow to x, scale and offset.
    """
    return _Activation.apply(x, scale, offset, spec)  # type: ignore[return-value]


def zero_points(scale: torch.Tensor, offset: torch.Tensor, spec: ActivationSpec) -> torch.Tensor:
    """z = round(-beta / a), within the codes: float32."""
    return torch.round(-offset / scale).clamp_(0, spec.high)


def grouped_steps(
    weight: torch.Tensor, scale: torch.Tensor, multipliers: torch.Tensor, spec: WeightSpec
) -> tuple[torch.Tensor, torch.Tensor]:
    """weight as [O, T, G, g] and its step scale * multiplier as [O, T, G, 1]."""
    group = spec.group or weight.shape[-1]
    step = scale.view(-1, 1, 1, 1) * multipliers.unsqueeze(-1).to(torch.float32)
    return split_groups(weight, group), step


def weight_integers(
    weight: torch.Tensor, scale: torch.Tensor, multipliers: torch.Tensor, spec: WeightSpec
) -> torch.Tensor:
    """w8 = code * multiplier of weight [O, T, I]: float32 [O, T, I], whole numbers."""
    grouped, step = grouped_steps(weight, scale, multipliers, spec)
    codes = torch.round(grouped / step).clamp_(spec.low, spec.high)
    integers = codes.mul_(multipliers.unsqueeze(-1).to(torch.float32))
    return integers.flatten(2)[..., : weight.shape[-1]]


def weight_gradients(
    weight: torch.Tensor,
    scale: torch.Tensor,
    multipliers: torch.Tensor,
    spec: WeightSpec,
    grad: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """From the gradient of the rounded weight: those of the weight [O, T, I] and scale [O]."""
    grouped, step = grouped_steps(weight, scale, multipliers, spec)
    unit = grouped / step  # recomputed: keeping it would cost as much memory as the weights
    inside = (unit >= spec.low) & (unit <= spec.high)
    grad = split_groups(grad, spec.group or weight.shape[-1])
    codes = torch.round(unit).clamp_(spec.low, spec.high)
    slope = codes.sub_(unit.mul_(inside)).mul_(multipliers.unsqueeze(-1).to(torch.float32))
    to_scale = slope.mul_(grad).sum(dim=(1, 2, 3))
    return (grad * inside).flatten(2)[..., : weight.shape[-1]], to_scale


def activation_integers(
    x: torch.Tensor, scale: torch.Tensor, offset: torch.Tensor, spec: ActivationSpec
) -> torch.Tensor:
    """x8 - z of x [B, ...], each sample under its own range: float32, whole numbers."""
    shape = (-1, *(1,) * (x.dim() - 1))
    zero = zero_points(scale, offset, spec).view(shape)
    codes = torch.round(x.to(torch.float32) * (1.0 / scale).view(shape)).add_(zero)
    return codes.clamp_(0, spec.high).sub_(zero)


def activation_gradients(
    x: torch.Tensor,
    scale: torch.Tensor,
    offset: torch.Tensor,
    spec: ActivationSpec,
    grad: torch.Tensor,
    ranges: bool,
) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
    """From the gradient of the rounded input: those of x, and with `ranges` of scale and offset."""
    high = spec.high
    shape = (-1, *(1,) * (x.dim() - 1))
    zero = zero_points(scale, offset, spec).view(shape)
    unit = x.to(torch.float32) * (1.0 / scale).view(shape)
    nearest = torch.round(unit)
    shifted = nearest + zero
    above, below = shifted > high, shifted < 0
    to_x = grad.masked_fill(above | below, 0.0)
    if not ranges:
        return to_x, None, None
    # Inside: round(u) - u. Above the range the output is beta + high * a, below it beta;
    # where z itself is clamped it is (high - z) * a and -z * a, and beta has no say.
    free = ((-offset / scale >= 0) & (-offset / scale <= high)).view(shape)
    over = torch.where(free, float(high), high - zero)
    under = torch.where(free, 0.0, -zero)
    slope = torch.where(above, over, torch.where(below, under, nearest.sub_(unit)))
    to_scale = _per_range(slope.mul_(grad), len(scale))
    return to_x, to_scale, _per_range((grad - to_x) * free, len(scale))


class _Weight(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        weight: torch.Tensor,
        scale: torch.Tensor,
        multipliers: torch.Tensor,
        spec: WeightSpec,
    ) -> torch.Tensor:
        ctx.save_for_backward(weight, scale, multipliers)
        ctx.spec = spec
        # The order of `QuantizedWeight.dequantize`: an exact integer, then one rounding.
        return weight_integers(weight, scale, multipliers, spec) * scale.view(-1, 1, 1)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        return (*weight_gradients(*ctx.saved_tensors, ctx.spec, grads[0]), None, None)


class _Activation(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        scale: torch.Tensor,
        offset: torch.Tensor,
        spec: ActivationSpec,
    ) -> torch.Tensor:
        ctx.save_for_backward(x, scale, offset)
        ctx.spec = spec
        integers = activation_integers(x, scale, offset, spec)
        return integers.mul_(scale.view(-1, *(1,) * (x.dim() - 1)))

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        x, scale, offset = ctx.saved_tensors
        to_x, *rest = activation_gradients(
            x, scale, offset, ctx.spec, grads[0], ctx.needs_input_grad[1]
        )
        return to_x.to(x.dtype), *rest, None


def _per_range(values: torch.Tensor, ranges: int) -> torch.Tensor:
    """Sums [B, ...] per sample, and over the batch too when all share one range."""
    sums = values.flatten(1).sum(dim=1) if values.dim() > 1 else values
    return sums if ranges == len(sums) else sums.sum().view(1)
