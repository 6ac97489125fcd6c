"""What the network sees of each call: the input of its middle block, over some scenes."""

from collections.abc import Sequence
from functools import partial

import torch

from sdqviz.base.scene import Scene
from sdqviz.base.steps import Steps
from sdqviz.diffusion.timesteps import as_taken
from sdqviz.families.predictor import predictor
from sdqviz.layers.reached import reach
from sdqviz.products.context import Context
from sdqviz.products.trajectories import CalibrationTrajectories


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
