"""Calls that stand for all: few of them, so that each other call is near one, which then counts for
all that are nearest to it.

A reading of PQD (arXiv 2501.00124), of whose choice no more is public than that the samples are
representative and the timestep has a say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from sdqviz.base.config import option
from sdqviz.base.steps import Steps
from sdqviz.choices.contract import ChoiceStage
from sdqviz.choices.features import distances, middle_features
from sdqviz.products.context import Context
from sdqviz.products.scenes import CalibrationScenes
from sdqviz.products.trajectories import calls_per_scene


@dataclass(frozen=True, kw_only=True)
class CoverageStage(ChoiceStage):
    name, label, version = "choose_coverage", "choosing timesteps that stand for all", 1

    timesteps: int = option(
        12,
        label="Timesteps",
        help="How many of the walk's calls give samples.",
        low=1,
        high=1000,
    )
    looked_at: int = option(
        4, label="Scenes looked at", help="Calibration scenes it is told by.", low=1, high=4096
    )

    def _cost(self, context: Context) -> float:
        if not context.has(CalibrationScenes):
            return 1.0
        scenes = context.take(CalibrationScenes).scenes[: self.looked_at]
        return 0.5 * sum(map(calls_per_scene, scenes))

    def _shares(self, context: Context) -> Steps[list[float]]:
        scenes = context.take(CalibrationScenes).scenes[: self.looked_at]
        features = yield from middle_features(context, scenes)
        return coverage_shares(features, self.timesteps)


def coverage_shares(features: Sequence[torch.Tensor], count: int) -> list[float]:
    """How many calls each of `count` chosen ones stands for; 0 for the others. One after the other
    is chosen that lowers most what all calls are away from their nearest chosen one.
    """
    apart = distances(features)
    nearest = torch.full((len(features),), torch.inf)
    chosen: list[int] = []
    for _ in range(min(count, len(features))):
        left = torch.minimum(apart, nearest).sum(dim=1)  # [S]: if that call were chosen too
        left[chosen] = torch.inf
        chosen.append(int(left.argmin()))
        nearest = torch.minimum(nearest, apart[chosen[-1]])
    stands = apart[chosen].argmin(dim=0).bincount(minlength=len(chosen)).tolist()
    shares = [0.0] * len(features)
    for call, others in zip(chosen, stands, strict=True):
        shares[call] = float(others)
    return shares
