"""Calls that stand for many others, and calls unlike all others (TDAC, EDA-DM, arXiv 2401.04585).

What the network sees of a call is the input of its middle block. A call is dense where many others
are near, diverse where the others point elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from sdqviz.base.config import option
from sdqviz.choices.features import FeatureChoiceStage, distances


@dataclass(frozen=True, kw_only=True)
class DensityStage(FeatureChoiceStage):
    name, label, version = "choose_density", "choosing timesteps by density", 1

    radius: float = option(
        0.3,
        label="Near",
        help="Calls are near within this share of the mean squared distance of two calls.",
        low=0.0,
        high=10.0,
    )
    diversity: float = option(
        5.0,
        label="Diversity",
        help="Weight (lambda) of how unlike the others a call is, beside how many are near.",
        low=0.0,
        high=100.0,
    )

    def _by(self, features: Sequence[torch.Tensor]) -> list[float]:
        return density_shares(features, self.radius, self.diversity)


def density_shares(
    features: Sequence[torch.Tensor], radius: float, diversity: float
) -> list[float]:
    """Density plus `diversity` times diversity of each call's feature [..., C], both from 0 to 1
    over the calls (their eq. 6 to 8).
    """
    apart, count = distances(features), len(features)
    if count == 1:
        return [1.0]
    near = apart <= radius * apart.sum() / (count * (count - 1))
    dense = near.sum(dim=1).float() - 1  # but for itself
    units = torch.stack([torch.nn.functional.normalize(f, dim=-1).flatten() for f in features])
    positions = features[0].numel() // features[0].shape[-1]
    unlike = (positions - units @ units.T).sum(dim=1)
    return (_spread(dense) + diversity * _spread(unlike)).tolist()


def _spread(values: torch.Tensor) -> torch.Tensor:
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else torch.ones_like(values)
