"""Activation ranges from samples: the search for scale and zero point."""

from dataclasses import dataclass, field

import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.quant.spec import ActivationSpec

# Q-Diffusion's "mse" search (arXiv 2302.04304): shrink both ends by 1 % a try, 80 tries,
# the power 2.4 weighs large errors more.
TRIES = 80
POWER = 2.4
SEARCHES = ("mse", "minmax")


@dataclass(frozen=True)
class ActivationRange:
    """scale and inverse_scale are float32 values; zero_point is an integer code.

    row: the same on a layer's device, float32 [1, 3] (inverse scale, zero point, scale), or None.
    """

    scale: float
    inverse_scale: float
    zero_point: int
    row: torch.Tensor | None = field(default=None, compare=False, repr=False)

    def row_on(self, device: torch.device) -> torch.Tensor:
        """`row`, uploaded where it is not on `device` already."""
        if self.row is not None and self.row.device == device:
            return self.row
        values = [[self.inverse_scale, float(self.zero_point), self.scale]]
        return torch.tensor(values, device=device)


def spanning_range(low: float, high: float, spec: ActivationSpec) -> ActivationRange:
    """The range whose codes span [low, high]; zero always is a code (padding needs it)."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = torch.tensor((high - low) / spec.high, dtype=torch.float32)
    smallest = torch.finfo(torch.float32).tiny * 2
    if not torch.isfinite(scale):
        raise SdqvizError(
            f"activations reach from {low:g} to {high:g}", "the model overflows; try float32"
        )
    if scale < smallest:  # a constant zero input: any scale represents it
        scale = torch.tensor(1.0)
    zero_point = min(max(round(-low / scale.item()), 0), spec.high)
    return ActivationRange(scale.item(), (1.0 / scale).item(), int(zero_point))


def search_range(
    samples: torch.Tensor, spec: ActivationSpec, search: str = "mse"
) -> ActivationRange:
    """The range with the least mean |x - x_hat|^2.4 over samples (any shape, finite).

    "minmax" takes the whole range; "mse" also tries ranges shrunk by up to 80 %.
    """
    samples = samples.detach().flatten().to(torch.float32)
    if not torch.isfinite(samples).all():
        raise SdqvizError("an activation is NaN or infinite", "the model overflows; try float32")
    low, high = samples.min().item(), samples.max().item()
    if search == "minmax" or low == high:
        return spanning_range(low, high, spec)
    ranges = [spanning_range(low * f, high * f, spec) for f in (1 - i / 100 for i in range(TRIES))]
    scale, inverse, zero = (
        torch.tensor(values, dtype=torch.float32).unsqueeze(1)
        for values in zip(*((p.scale, p.inverse_scale, p.zero_point) for p in ranges), strict=True)
    )
    codes = torch.round(samples * inverse).add_(zero).clamp_(0, spec.high)
    error = codes.sub_(zero).mul_(scale).sub_(samples).abs_().pow_(POWER).mean(dim=1)
    return ranges[int(error.argmin())]
