"""Weights of a block's samples, by how far their gradients agree with those of all timesteps
(after GAC, arXiv 2602.01289, in a first-order form; `recipes/gac.md`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from sdqviz.base.steps import Steps

HELD_BACK = 0.05  # share of the samples that judge and are not learned from
WORST = 1.0  # weight of the group that a sample agrees with least, beside the mean group

Gradient = Callable[[Sequence[int]], torch.Tensor]  # of the mean error of these samples: flat


@dataclass(frozen=True)
class Aligned:
    """weights float32 [N], of mean 1 over the samples that learn, 0 for those held back; agreement:
    the mean cosine of two groups' gradients, between -1 and 1.
    """

    weights: torch.Tensor
    agreement: float


def judges(timesteps: Sequence[float], groups: int) -> list[list[int]]:
    """The samples held back, for each group of neighbouring timesteps: its middle ones."""
    order = sorted(range(len(timesteps)), key=lambda place: (timesteps[place], place))
    groups = max(1, min(groups, len(order) // 2))
    found = []
    for group in range(groups):
        own = order[group * len(order) // groups : (group + 1) * len(order) // groups]
        count = min(len(own) - 1, max(1, round(HELD_BACK * len(own))))
        first = (len(own) - count) // 2
        found.append(own[first : first + count])
    return found


def aligning(
    gradient: Gradient, timesteps: Sequence[float], groups: int, strength: float
) -> Steps[Aligned]:
    """Weights exp(strength * score): the score is the cosine of a sample's gradient with the mean
    of the groups', plus that with the group it agrees with least. Yields how many gradients are
    taken.
    """
    held = judges(timesteps, groups)
    apart = torch.stack([_unit(gradient(own)) for own in held])
    mean, done = _unit(apart.mean(dim=0)), len(held)
    scores = torch.full((len(timesteps),), -torch.inf)
    judging = {place for own in held for place in own}
    for place in range(len(timesteps)):
        if place not in judging:
            own = _unit(gradient([place]))
            scores[place] = own @ mean + WORST * (apart @ own).min()
            done += 1
            yield done
    weights = torch.softmax(strength * scores, dim=0) * (len(timesteps) - len(judging))
    pairs = apart @ apart.T
    count = len(held)
    others = (pairs.sum() - pairs.trace()) / max(1, count * (count - 1))
    return Aligned(weights, others.item())


def _unit(vector: torch.Tensor) -> torch.Tensor:
    vector = vector.detach().float().cpu()
    return vector / vector.norm().clamp(min=1e-20)
