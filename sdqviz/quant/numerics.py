"""The one definition of W4A8 arithmetic, read by training, packing and kernels.

Weights are seen as [O, T, I]: output channels, kernel taps (kh, kw in order), inputs. Groups of
inputs never straddle a tap. The weight that computes is w8 = code * multiplier, an exact int8;
the real value is scale[o] * w8 (per-vector integer scales after VS-Quant, Dai et al. 2021).
"""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from sdqviz.base.errors import SdqvizError
from sdqviz.quant.spec import ActivationSpec, WeightSpec

# Candidate scales: absmax / (largest code + 1/2) / largest multiplier, times these. Beyond 1,
# because the largest positive code is 7, not 7.5: a constant channel would be 7 % off.
SCALE_FRACTIONS = tuple(round(0.5 + 0.05 * i, 2) for i in range(13))


# Weights searched at a time: on a CPU a megabyte in float32, which stays in the cache; on a GPU so
# many that its launches do not take longer than its work (some 2,000 a block).
SEARCH_BLOCK, GPU_SEARCH_BLOCK = 1 << 18, 1 << 24


@dataclass(frozen=True)
class QuantizedWeight:
    """codes int8 [O, T, I]; multipliers uint8 [O, T, G]; scale float32 [O]."""

    codes: torch.Tensor
    multipliers: torch.Tensor
    scale: torch.Tensor
    spec: WeightSpec

    def integer(self) -> torch.Tensor:
        """w8 = code * multiplier: int8 [O, T, I]."""
        group = self.spec.group or self.codes.shape[-1]
        spread = self.multipliers.repeat_interleave(group, dim=-1)[..., : self.codes.shape[-1]]
        return (self.codes.to(torch.int16) * spread.to(torch.int16)).to(torch.int8)

    def dequantize(self) -> torch.Tensor:
        """scale[o] * w8: float32 [O, T, I]."""
        return self.scale.view(-1, 1, 1) * self.integer().to(torch.float32)


def taps_last_to_oti(weight: torch.Tensor) -> torch.Tensor:
    """A Linear [O, I] or Conv2d [O, I, kh, kw] weight as [O, T, I], T = kh * kw."""
    if weight.dim() == 2:
        return weight.unsqueeze(1)
    return weight.permute(0, 2, 3, 1).flatten(1, 2)


def oti_to_taps_last(weight: torch.Tensor, shape: torch.Size | tuple[int, ...]) -> torch.Tensor:
    """The inverse of `taps_last_to_oti` for a weight of `shape`."""
    if len(shape) == 2:
        return weight.squeeze(1)
    out, inputs, height, width = shape
    return weight.view(out, height, width, inputs).permute(0, 3, 1, 2)


def quantize_weight(weight: torch.Tensor, spec: WeightSpec) -> QuantizedWeight:
    """The nearest codes: scales searched per output channel, multipliers per group.

    weight: float [O, T, I], finite. For every candidate scale each group takes its best
    multiplier; the scale with the least squared error over the channel wins, the first on ties.
    Raises SdqvizError on NaN or infinity.
    """
    weight = weight.detach().to(torch.float32)
    if not torch.isfinite(weight).all():
        raise SdqvizError(
            "the weight holds NaN or infinity", "the checkpoint is damaged; download it again"
        )
    block = SEARCH_BLOCK if weight.device.type == "cpu" else GPU_SEARCH_BLOCK
    rows = max(1, block // weight[0].numel())  # a few output channels at a time
    parts = [_search(part, spec) for part in weight.split(rows)]
    codes, multipliers, scale = (torch.cat(columns) for columns in zip(*parts, strict=True))
    return QuantizedWeight(codes, multipliers, scale, spec)


def _search(
    weight: torch.Tensor, spec: WeightSpec
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Codes, multipliers and scale of some output channels [O, T, I]."""
    out, _taps, inputs = weight.shape
    group = spec.group or inputs
    # Search on weights scaled to 1 per channel: squares neither overflow nor vanish.
    absmax = weight.abs().amax(dim=(1, 2))
    peak = torch.where(absmax > 0, absmax, torch.ones_like(absmax))
    unit = split_groups(weight / peak.view(-1, 1, 1), group)  # [O, T, G, g], zeros at the end

    best = torch.full((out,), torch.inf, device=weight.device)
    chosen_scale = torch.ones(out, device=weight.device)
    chosen = torch.ones(unit.shape[:-1], device=weight.device)
    for fraction in _fractions(spec):
        scale = fraction / ((spec.high + 0.5 * (spec.bits < 8)) * spec.largest_multiplier)
        error, multipliers = _best_multipliers(unit, scale, spec)
        better = error < best
        best = torch.where(better, error, best)
        chosen_scale = torch.where(better, scale, chosen_scale)
        chosen = torch.where(better.view(-1, 1, 1), multipliers, chosen)
    # The codes come from the stored scale itself, as training's do: one rule, also on ties.
    scale = chosen_scale * peak
    codes = _codes(split_groups(weight, group), scale.view(-1, 1, 1) * chosen, spec)
    flat = codes.flatten(2)[..., :inputs].to(torch.int8)
    return flat, chosen.to(torch.uint8), scale


def _fractions(spec: WeightSpec) -> tuple[float, ...]:
    # Eight bits: round to nearest over the whole range, no search (DESIGN.md section 5).
    return (1.0,) if spec.bits == 8 else SCALE_FRACTIONS


def split_groups(weight: torch.Tensor, group: int) -> torch.Tensor:
    """[O, T, I] as [O, T, G, group], the last group filled up with zeros."""
    short = -weight.shape[-1] % group
    whole = F.pad(weight, (0, short)) if short else weight  # padding by nothing would copy
    return whole.unflatten(-1, (-1, group))


def _codes(unit: torch.Tensor, step: torch.Tensor | float, spec: WeightSpec) -> torch.Tensor:
    """clamp(round(unit / step)): float codes [O, T, G, g]; step broadcasts as [O, T, G]."""
    if isinstance(step, torch.Tensor):
        step = step.unsqueeze(-1)
    return torch.round(unit / step).clamp_(spec.low, spec.high)


def _best_multipliers(
    unit: torch.Tensor, scale: float, spec: WeightSpec
) -> tuple[torch.Tensor, torch.Tensor]:
    """(squared error [O], float multipliers [O, T, G]) at one scale."""
    best = torch.full(unit.shape[:-1], torch.inf, device=unit.device)
    chosen = torch.ones_like(best)
    for multiplier in range(1, spec.largest_multiplier + 1):
        step = scale * multiplier
        error = (_codes(unit, step, spec) * step - unit).square_().sum(-1)
        better = error < best
        best = torch.where(better, error, best)
        chosen = torch.where(better, float(multiplier), chosen)
    return best.sum(dim=(1, 2)), chosen


def fake_quantize_weight(weight: torch.Tensor, spec: WeightSpec) -> torch.Tensor:
    """The real values the packed weight stands for, in the weight's own layout: float32."""
    quantized = quantize_weight(taps_last_to_oti(weight), spec)
    return oti_to_taps_last(quantized.dequantize(), weight.shape)


def multiply_channels(x: torch.Tensor, factor: torch.Tensor | None) -> torch.Tensor:
    """float32(x) * factor[k] over the input channels; x [..., I] or an image batch [B, I, H, W].

    factor float32 [I]; None returns x itself.
    """
    if factor is None:
        return x
    return x.to(torch.float32) * (factor.view(-1, 1, 1) if x.dim() == 4 else factor)


def quantize_activation(
    x: torch.Tensor, inverse_scale: float, zero_point: int, spec: ActivationSpec
) -> torch.Tensor:
    """x8 = clamp(rint(float32(x) * inverse_scale) + zero_point, 0, 2^bits - 1), as float32.

    Multiplying by the stored inverse is part of the definition: dividing gives other codes on
    ties. NaN becomes the zero point, so that one bad value cannot poison the integers.
    """
    scaled = torch.round(x.to(torch.float32) * inverse_scale).nan_to_num_(nan=0.0)
    return scaled.add_(zero_point).clamp_(0, spec.high)


def fake_quantize_activation(
    x: torch.Tensor, scale: float, inverse_scale: float, zero_point: int, spec: ActivationSpec
) -> torch.Tensor:
    """(x8 - zero_point) * scale: float32."""
    return (quantize_activation(x, inverse_scale, zero_point, spec) - zero_point) * scale
