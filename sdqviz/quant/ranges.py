"""Activation ranges from histograms: the search for scale and zero point."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.quant.histograms import BINS, Histograms
from sdqviz.quant.spec import ActivationSpec

SEARCHES = ("mse", "minmax")

# The kept range is searched from coarse to fine: both ends together, down to a fiftieth; then each
# end alone by factors up to 2, then up to 1.1. Powers of two, octaves:
_TOGETHER = tuple(-i / 4 for i in range(24))
_COARSE = tuple(i / 5 for i in range(-5, 6))
_FINE = tuple(i / 48 for i in range(-6, 7))
_ROUNDS = 2  # each end is tried again after the other
_AT_A_TIME = 1 << 20  # edges times candidates: 4 MB in float32


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


def search_ranges(
    seen: Histograms, spec: ActivationSpec, search: str = "mse"
) -> list[ActivationRange]:
    """One range for each row of the histograms, which may be on any device.

    "minmax" takes all that was seen; "mse" clips where the mean squared error over the histogram
    is least, each end for itself. Raises SdqvizError where a NaN or an infinity was seen.
    """
    low, high = seen.low, seen.high
    if search == "mse":
        low, high = least_error_ends(seen, spec)
    ends = torch.stack((seen.low, seen.high, low, high), dim=1).cpu()  # read back once
    if not ends[:, :2].isfinite().all():
        raise SdqvizError("an activation is NaN or infinite", "the model overflows; try float32")
    return [spanning_range(low, high, spec) for _, _, low, high in ends.tolist()]


@torch.no_grad()
def least_error_ends(seen: Histograms, spec: ActivationSpec) -> tuple[torch.Tensor, torch.Tensor]:
    """(low, high) float32 [R] of the least mean squared error, never beyond what was seen."""
    found = [
        _search(counts, edges, low, high, spec)
        for counts, edges, low, high in _blocks(seen, len(_TOGETHER))
    ]
    if not found:
        return seen.low, seen.high
    low, high = (torch.cat(ends) for ends in zip(*found, strict=True))
    return low, high


def _blocks(seen: Histograms, candidates: int) -> Iterator[tuple[torch.Tensor, ...]]:
    rows = max(1, _AT_A_TIME // ((BINS + 1) * candidates))
    edges = seen.edges()
    yield from zip(*(t.split(rows) for t in (seen.counts, edges, seen.low, seen.high)), strict=True)


def _search(
    counts: torch.Tensor,
    edges: torch.Tensor,
    least: torch.Tensor,
    most: torch.Tensor,
    spec: ActivationSpec,
) -> tuple[torch.Tensor, torch.Tensor]:
    least, most = least.clamp(max=0.0).unsqueeze(1), most.clamp(min=0.0).unsqueeze(1)  # [R, 1]

    def steps(octaves: tuple[float, ...]) -> torch.Tensor:
        return torch.tensor([2.0**octave for octave in octaves], device=counts.device)

    def best(low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        low, high = torch.maximum(low, least), torch.minimum(high, most)
        low, high = torch.broadcast_tensors(low, high)  # [R, candidates]
        chosen = clipping_error(counts, edges, low, high, spec).argmin(dim=1, keepdim=True)
        return low.gather(1, chosen), high.gather(1, chosen)

    low, high = best(least * steps(_TOGETHER), most * steps(_TOGETHER))
    for octaves in (_COARSE, _FINE):
        for _ in range(_ROUNDS):
            low, high = best(low, high * steps(octaves))
            low, high = best(low * steps(octaves), high)
    return low.squeeze(1), high.squeeze(1)


def clipping_error(
    counts: torch.Tensor,
    edges: torch.Tensor,
    low: torch.Tensor,
    high: torch.Tensor,
    spec: ActivationSpec,
) -> torch.Tensor:
    """Sum of squared errors [R, K] of K ranges [low, high] for each row of counts [R, BINS].

    Values are taken as even within their bin, and the squared distance to the nearest code is
    integrated over it exactly: with u in codes and d = u - clamp(round(u)), its antiderivative is
    clamp(round(u)) / 12 + d^3 / 3. So bins may be wider than codes.
    """
    scale = ((high - low) / spec.high).clamp(min=torch.finfo(torch.float32).tiny * 2)
    zero = torch.round(-low / scale)
    unit = edges.unsqueeze(1) / scale.unsqueeze(2)  # [R, K, BINS + 1]
    code = torch.round(unit)
    code = torch.clamp(code, min=-zero.unsqueeze(2), max=(spec.high - zero).unsqueeze(2))
    distance = unit - code
    integral = code.div_(12.0).addcmul_(distance.square(), distance, value=1 / 3)
    mean = integral.diff(dim=2).div_(unit.diff(dim=2))
    return torch.einsum("rkb,rb->rk", mean, counts) * scale.square()
