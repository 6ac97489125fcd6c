"""Which recorded calls each optimiser step trains on: shuffled, or along the walk.

Both orders are functions of the step number alone, so that a resumed run draws what an
uninterrupted one would have drawn.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch

from sdqviz.base.keys import seed_from
from sdqviz.products.chosen import Pick

PARALLEL, SERIAL = "parallel", "serial"
ORDERS = (PARALLEL, SERIAL)
EVERY = 0.1  # share of the samples that is spread evenly over all calls


@dataclass(frozen=True)
class Batches:
    """Batches of `size` samples over `scenes` scenes of `calls` calls with `branches` branches.

    With `paired` both branches of a call stay together, as a guided target needs them. `weights`
    (mean 1, one per call) says how much each call matters: the shuffled order then draws calls
    in proportion, the walk cannot.
    """

    scenes: int
    calls: int
    branches: int
    size: int
    order: str
    seed: int
    paired: bool = False
    weights: tuple[float, ...] = ()

    def at(self, step: int) -> list[Pick]:
        """The batch of one optimiser step, counted from 0 within its round."""
        if self.order == SERIAL:
            units = self._along_the_walk(step)
        else:
            units = self._drawn_by_weight(step) if self.weights else self._shuffled(step)
        if self.paired:
            return [Pick(s, c, b) for s, c in units for b in range(self.branches)]
        return [Pick(place // self.branches, c, place % self.branches) for place, c in units]

    @property
    def _units(self) -> int:
        """Samples drawn at one call: scenes when branches are paired, else scene branches."""
        return self.scenes if self.paired else self.scenes * self.branches

    @property
    def _drawn(self) -> int:
        return max(1, self.size // self.branches) if self.paired else self.size

    def _shuffled(self, step: int) -> list[tuple[int, int]]:
        """Every (unit, call) once per pass, in a new random order each pass."""
        total = self._units * self.calls
        picks = []
        for place in range(step * self._drawn, (step + 1) * self._drawn):
            chosen = _permutation(total, self.seed, place // total)[place % total]
            picks.append(divmod(chosen, self.calls))
        return picks

    def loss_weight(self, call: int) -> float:
        """What a sample of this call counts, so that the mean loss is the weighted one."""
        if not self.weights:
            return 1.0
        drawn = self._chances[call] if self.order == PARALLEL else 1 / self.calls
        return self.weights[call] / (drawn * self.calls)

    @property
    def _chances(self) -> list[float]:
        """The chance of each call: mostly by weight, a little for all."""
        return [(EVERY + (1 - EVERY) * weight) / self.calls for weight in self.weights]

    def _drawn_by_weight(self, step: int) -> list[tuple[int, int]]:
        """Units once per pass in random order, each at a call drawn by its chance."""
        seed = seed_from("calls", self.seed, step) % 2**63
        generator = torch.Generator().manual_seed(seed)
        chances = torch.tensor(self._chances, dtype=torch.float64)
        calls = torch.multinomial(chances, self._drawn, replacement=True, generator=generator)
        picks = []
        for place, call in enumerate(calls.tolist(), start=step * self._drawn):
            order = _permutation(self._units, self.seed, place // self._units)
            picks.append((order[place % self._units], call))
        return picks

    def _along_the_walk(self, step: int) -> list[tuple[int, int]]:
        """All samples at one timestep; the next step takes the next timestep (EfficientDM)."""
        walk, call = divmod(step, self.calls)
        picks = []
        for place in range(walk * self._drawn, (walk + 1) * self._drawn):
            order = _permutation(self._units, self.seed, place // self._units)
            picks.append((order[place % self._units], call))
        return picks


@lru_cache(maxsize=4)
def _permutation(count: int, seed: int, epoch: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed_from("batches", seed, epoch) % 2**63)
    return torch.randperm(count, generator=generator).tolist()
