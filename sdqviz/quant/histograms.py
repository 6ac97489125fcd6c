"""Running histograms of many tensors, each over its own range: fine bins, constant memory.

After torch.ao's HistogramObserver, with three differences: a range only ever grows by factors of
four, so that old bins merge whole and nothing is shared out by guess; the bins are even in the
root of the value, so that they are fine where values crowd and a far outlier costs little
resolution; and nothing is read back, so that a GPU never waits.
"""

from collections.abc import Sequence

import torch

BINS = 2048
_LOWEST, _HIGHEST = -60, 63  # levels whose reach and its inverse are float32 numbers
_AT_A_TIME = 1024  # rows that are merged together: 16 MB in float64


class Histograms:
    """Rows of counts float32 [R, BINS], symmetric about zero: the edges of row r are
    sign(i) (i / (BINS / 2))^2 4^level[r] for i = -BINS / 2 .. BINS / 2. low, high float32 [R] are
    the exact extremes, infinite where nothing was seen; a NaN or an infinity shows in them.
    """

    def __init__(self, rows: int, device: torch.device | str = "cpu") -> None:
        self.counts = torch.zeros(rows, BINS, device=device)
        self.level = torch.full((rows,), _LOWEST, dtype=torch.int64, device=device)
        self.low = torch.full((rows,), torch.inf, device=device)
        self.high = torch.full((rows,), -torch.inf, device=device)

    def add(self, row: int, values: torch.Tensor) -> None:
        """Counts the values, float of any shape on the histograms' device, into one row."""
        values = values.detach().flatten().to(torch.float32)
        low, high = values.aminmax()
        self.low[row] = torch.minimum(self.low[row], low)
        self.high[row] = torch.maximum(self.high[row], high)
        exponent = torch.frexp(torch.maximum(high, -low)).exponent.to(torch.int64)
        needed = ((exponent + 1) // 2).clamp(_LOWEST, _HIGHEST)
        own = self.level[row]
        # Zeros alone have no exponent of their own.
        needed = torch.maximum(own, torch.where(torch.maximum(high, -low) > 0, needed, own))
        wider = widened(self.counts[row : row + 1], (needed - own).view(1))[0]
        unit = values.abs().mul_(torch.exp2(-2.0 * needed)).sqrt_()
        place = unit.copysign_(values).mul_(BINS // 2)
        self.counts[row] = wider + torch.histc(place, BINS, -BINS // 2, BINS // 2)
        self.level[row] = needed

    def to(self, device: torch.device | str) -> "Histograms":
        """A copy on another device."""
        part = Histograms(0)
        part.counts, part.level = self.counts.to(device), self.level.to(device)
        part.low, part.high = self.low.to(device), self.high.to(device)
        return part

    def merged(self, groups: Sequence[Sequence[int]]) -> "Histograms":
        """One row for each group of rows: all that they saw."""
        part = Histograms(len(groups), self.counts.device)
        for size in sorted({len(group) for group in groups}):
            alike = [place for place, group in enumerate(groups) if len(group) == size]
            for start in range(0, len(alike), _AT_A_TIME):
                places = alike[start : start + _AT_A_TIME]
                index = torch.tensor([groups[p] for p in places], device=self.counts.device)
                into = torch.tensor(places, device=self.counts.device)
                level = self.level[index].amax(dim=1)
                part.level[into] = level
                part.low[into] = self.low[index].amin(dim=1)
                part.high[into] = self.high[index].amax(dim=1)
                for rows in index.T:
                    own = widened(self.counts[rows], level - self.level[rows])
                    part.counts[into] += own
        return part

    def edges(self) -> torch.Tensor:
        """float32 [R, BINS + 1]"""
        return _edges(self.level)


def _edges(level: torch.Tensor) -> torch.Tensor:
    unit = torch.arange(-BINS // 2, BINS // 2 + 1, device=level.device) / (BINS // 2)
    return unit.abs().mul(unit) * torch.exp2(2.0 * level).unsqueeze(-1)


def widened(counts: torch.Tensor, levels: torch.Tensor) -> torch.Tensor:
    """Counts [R, BINS] over a range that is 4^levels[r] times as wide; levels int64 [R], >= 0.

    A level halves the root, so two bins on each side of zero become one.
    """
    half = BINS // 2
    factor = 2 ** levels.clamp(max=half.bit_length()).unsqueeze(1)
    edges = torch.arange(-half, half + 1, device=counts.device) * factor
    total = torch.nn.functional.pad(counts.to(torch.float64).cumsum(dim=1), (1, 0))
    at = total.gather(1, (edges + half).clamp(0, BINS))
    return at.diff(dim=1).to(torch.float32)


def over_edges(seen: Histograms, row: int, edges: torch.Tensor) -> torch.Tensor:
    """The row's counts between other edges float32 [E], which hold all it saw: float64 [E - 1]. A
    bin that an edge cuts is shared out evenly.
    """
    own = _edges(seen.level[row]).to(torch.float64)
    total = torch.nn.functional.pad(seen.counts[row].to(torch.float64).cumsum(dim=0), (1, 0))
    wanted = edges.to(torch.float64)
    bin_ = (torch.searchsorted(own, wanted, right=True) - 1).clamp(0, BINS - 1)
    share = ((wanted - own[bin_]) / (own[bin_ + 1] - own[bin_])).clamp(0, 1)
    below = total[bin_] + share * (total[bin_ + 1] - total[bin_])
    below[0], below[-1] = 0.0, total[-1]  # the outermost bins reach beyond what was seen
    return below.diff()
