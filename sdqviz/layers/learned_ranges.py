"""Activation ranges that learn: one per timestep, shared by neighbours, or smooth over time.

Each range is its calibrated start times a learned change: scale = a0 * exp(theta), and the lower
end beta = beta0 + width0 * delta, so that one learning rate suits every layer and timestep.
"""

import math

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.quant.learned import zero_points
from sdqviz.quant.ranges import ActivationRange

FREE, SMOOTH = "free", "smooth"
SHAPES = (FREE, SMOOTH)
WAVES = 5  # cosines over the timesteps when the change is smooth, the constant one included


class LearnedRanges(nn.Module):
    """theta, delta: float32 [K]; a basis float32 [P, K] spreads them over the P timesteps.

    Free: one row of the basis per group of `group` neighbouring timesteps (arXiv 2412.06661,
    LSQ per step as in EfficientDM). Smooth: cosines of the place in time, after TDQ (arXiv
    2306.02316), which found a smooth function of t better than free scales.
    """

    scale: torch.Tensor
    offset: torch.Tensor
    basis: torch.Tensor
    factor: torch.Tensor | None

    def __init__(self, ranges: ActivationRanges, shape: str = FREE, group: int = 1) -> None:
        super().__init__()
        self.spec, self.static = ranges.spec, ranges.static
        self.first_token_fp = ranges.first_token_fp
        self.register_buffer("factor", ranges.factor)
        table = ranges.table()
        self.timesteps = [t for t, _ in table]
        self._place = {t: i for i, t in enumerate(self.timesteps)}
        self.register_buffer("scale", torch.tensor([p.scale for _, p in table]))
        offsets = [-p.zero_point * p.scale for _, p in table]
        self.register_buffer("offset", torch.tensor(offsets))
        basis = smooth_basis(len(table)) if shape == SMOOTH else group_basis(len(table), group)
        self.register_buffer("basis", basis)
        self.theta = nn.Parameter(torch.zeros(basis.shape[1]))
        self.delta = nn.Parameter(torch.zeros(basis.shape[1]))

    def ranges(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(scale, offset) of every timestep, each float32 [P], differentiable."""
        # Sums, not matrix products: autocast would round those to bfloat16, coarser than a step.
        theta, delta = ((self.basis * own).sum(dim=1) for own in (self.theta, self.delta))
        scale = self.scale * torch.exp(theta)
        return scale, self.offset + self.spec.high * self.scale * delta

    def gather(
        self, timesteps: list[float], uploaded: dict[tuple[int, ...], torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(scale, offset) of each sample's own timestep: [B], or [1] when all share one.

        `uploaded` holds the places that other layers of the same call put on the device.
        """
        scale, offset = self.ranges()
        if self.static:
            return scale, offset
        places = tuple(self._find(t) for t in timesteps)
        if len(set(places)) == 1:
            places = places[:1]
        known = {} if uploaded is None else uploaded
        if places not in known:
            known[places] = torch.tensor(places, device=scale.device)
        return scale[known[places]], offset[known[places]]

    def _find(self, timestep: float) -> int:
        place = self._place.get(timestep)
        if place is None:
            raise SdqvizError(
                f"timestep {timestep:g} has no activation range",
                "calibrate with the sampler and steps of the training",
            )
        return place

    @torch.no_grad()
    def frozen(self) -> ActivationRanges:
        """The ranges as they are now, for a packed layer."""
        scale, offset = self.ranges()
        zero, inverse = zero_points(scale, offset, self.spec), 1.0 / scale
        rows = zip(self.timesteps, scale, inverse, zero, strict=True)
        ranges = {t: ActivationRange(s.item(), i.item(), int(z)) for t, s, i, z in rows}
        return ActivationRanges(ranges, self.spec, self.first_token_fp, self.factor)


def group_basis(count: int, group: int) -> torch.Tensor:
    """[count, K]: row i is one where its group is. A group is `group` neighbouring timesteps."""
    return torch.eye(math.ceil(count / group)).repeat_interleave(group, dim=0)[:count]


def smooth_basis(count: int) -> torch.Tensor:
    """[count, K]: cos(pi k u) for k = 0 .. K - 1 at u = 0 .. 1, the place among the timesteps."""
    u = torch.linspace(0, 1, count).view(-1, 1)
    return torch.cos(math.pi * torch.arange(min(WAVES, count)).view(1, -1) * u)
