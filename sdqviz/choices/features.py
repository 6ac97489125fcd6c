"""Choices by what the network sees of each call: its middle block's input, over some scenes."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch

from sdqviz.base.config import option
from sdqviz.base.scene import Scene
from sdqviz.base.steps import Steps
from sdqviz.choices.contract import ChoiceStage
from sdqviz.diffusion.timesteps import as_taken
from sdqviz.families.predictor import predictor
from sdqviz.layers.reached import reach
from sdqviz.products.context import Context
from sdqviz.products.scenes import CalibrationScenes
from sdqviz.products.trajectories import CalibrationTrajectories, calls_per_scene


@dataclass(frozen=True, kw_only=True)
class FeatureChoiceStage(ChoiceStage):
    """`_by` is a choice's own: the shares that follow from the calls' features."""

    looked_at: int = option(
        4, label="Scenes looked at", help="Calibration scenes it is told by.", low=1, high=4096
    )

    @abstractmethod
    def _by(self, features: Sequence[torch.Tensor]) -> list[float]:
        """A weight for each call, 0 for none."""

    def _cost(self, context: Context) -> float:
        if not context.has(CalibrationScenes):
            return 1.0
        return 0.5 * sum(map(calls_per_scene, self._scenes(context)))

    def _shares(self, context: Context) -> Steps[list[float]]:
        return self._by((yield from middle_features(context, self._scenes(context))))

    def _scenes(self, context: Context) -> Sequence[Scene]:
        return context.take(CalibrationScenes).scenes[: self.looked_at]


def middle_features(context: Context, scenes: Sequence[Scene]) -> Steps[list[torch.Tensor]]:
    """For each call number the feature float32 [scenes * b, ..., C] of all scenes there. Yields how
    much work is done, in whole calls of the network, of which each takes half.
    """
    model, done, by_scene = context.model, 0, []
    middle = model.family.middle(model.network)
    for scene in scenes:
        trajectory = context.take(CalibrationTrajectories).by_scene[scene.id]
        predict, found = predictor(model, scene), []
        for x, timestep in zip(trajectory.x, trajectory.timesteps, strict=True):
            one = x.expand(trajectory.branches, *x.shape)
            call = partial(predict, one, as_taken(timestep))
            given, _ = reach(model.network, middle, call, False)
            feature = given.tensors[0].float()
            found.append((feature.movedim(1, -1) if feature.dim() == 4 else feature).cpu())
            done += 1
            yield done // 2
        by_scene.append(found)
    return [torch.cat(call) for call in zip(*by_scene, strict=True)]


def distances(features: Sequence[torch.Tensor]) -> torch.Tensor:
    """Mean squared difference of each two features: [S, S]."""
    rows = torch.stack([feature.flatten() for feature in features])
    return torch.cdist(rows, rows).square() / rows.shape[1]
