"""What a choice of calls is: a stage that says how many samples each call of a trajectory gives.

The calibration scenes share one sampler, so a call is known by its number. From the counts follow
the samples: for each call, scenes and guidance branches in an order of the seed's.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from sdqviz.base.config import option
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event, Progress, Scalar
from sdqviz.base.keys import seed_from
from sdqviz.base.steps import Steps
from sdqviz.products.chosen import ChosenCalls, Pick
from sdqviz.products.context import Context
from sdqviz.products.scenes import CalibrationScenes
from sdqviz.products.trajectories import CalibrationTrajectories
from sdqviz.stages.contract import Stage

COUNTS = "chosen"  # the Scalar of how many samples each call gives


@dataclass(frozen=True, kw_only=True)
class ChoiceStage(Stage):
    """`_shares` is a choice's own: what each call is worth, as JSON can write it."""

    reads = (CalibrationScenes, CalibrationTrajectories)
    gives = (ChosenCalls,)

    samples: int = option(
        256,
        label="Samples",
        help="Recorded calls, each of one scene and guidance branch, that a reconstruction learns "
        "from.",
        low=1,
        high=10**6,
        first=5,
    )

    @abstractmethod
    def _shares(self, context: Context) -> Steps[list[float]]:
        """A weight for each call, 0 for none; yields how much of `cost` is done."""

    def _cost(self, context: Context) -> float:
        return 1.0

    def _run(self, context: Context) -> Iterator[Event]:
        total = max(1, round(self._cost(context)))
        shares = yield from self.told(self._shares(context), 0, total, total)
        scenes = context.take(CalibrationScenes).scenes
        trajectories = context.take(CalibrationTrajectories)
        calls = {len(trajectories.visited(scene.id)) for scene in scenes}
        assert calls == {len(shares)}, "the scenes of one sampler have as many calls"
        branches = trajectories.by_scene[scenes[0].id].branches
        counts = counts_of(shares, self.samples, len(scenes) * branches)
        context.give(ChosenCalls(tuple(picks_of(counts, len(scenes), branches)), tuple(counts)))
        for call, (count, timestep) in enumerate(
            zip(counts, trajectories.visited(scenes[0].id), strict=True)
        ):
            yield Scalar(name=COUNTS, value=float(count), step=call, timestep=timestep)
        yield Progress(stage=self.name, done=total, total=total)


def counts_of(shares: Sequence[float], samples: int, most: int) -> list[int]:
    """How many samples each call gives: in proportion to the shares, `samples` in all, at most
    `most` each, which is what there is of a call. What rounding leaves goes to the largest rest.
    """
    weights = [max(0.0, share) for share in shares]
    if not sum(weights):
        raise SdqvizError("no call was chosen", "choose more timesteps")
    counts, free = [0] * len(weights), [i for i, weight in enumerate(weights) if weight]
    left = min(samples, most * len(free))
    while left and free:
        whole = sum(weights[i] for i in free)
        wanted = {i: left * weights[i] / whole for i in free}
        given = {i: min(most - counts[i], int(wanted[i])) for i in free}
        if not any(given.values()):
            order = sorted(free, key=lambda i: (int(wanted[i]) - wanted[i], i))
            given = {i: int(place < left) for place, i in enumerate(order)}
        for i, count in given.items():
            counts[i] += count
        left -= sum(given.values())
        free = [i for i in free if counts[i] < most]
    return counts


def picks_of(counts: Sequence[int], scenes: int, branches: int) -> list[Pick]:
    """The samples, scene after scene, so that each trajectory is read once."""
    picks = []
    for call, count in enumerate(counts):
        generator = torch.Generator().manual_seed(seed_from("choice", call) % 2**63)
        order = torch.randperm(scenes * branches, generator=generator)
        picks += [Pick(unit // branches, call, unit % branches) for unit in order[:count].tolist()]
    return sorted(picks, key=lambda pick: (pick.scene, pick.call, pick.branch))
