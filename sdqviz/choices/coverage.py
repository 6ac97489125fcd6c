"""Calls that stand for all: few of them, so that each other call is near one, which then counts for
all that are nearest to it.

A reading of PQD (arXiv 2501.00124), of whose choice no more is public than that the samples are
representative and the timestep has a say.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from sdqviz.base.config import option
from sdqviz.choices.features import FeatureChoiceStage, distances


@dataclass(frozen=True, kw_only=True)
class CoverageStage(FeatureChoiceStage):
    name, label, version = "choose_coverage", "choosing timesteps that stand for all", 1

    timesteps: int = option(
        12,
        label="Timesteps",
        help="How many of the walk's calls give samples.",
        low=1,
        high=1000,
    )

    def _by(self, features: Sequence[torch.Tensor]) -> list[float]:
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
