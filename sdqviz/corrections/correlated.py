"""PTQD's correction (arXiv 2305.10657): the share of the quantization noise that follows the FP
output is divided out, and its mean taken away.
"""

from dataclasses import dataclass

import torch

from sdqviz.base.scene import Scene
from sdqviz.base.steps import Steps
from sdqviz.corrections.contract import CorrectionStage, by_timestep
from sdqviz.diffusion.trajectory import guide, replay
from sdqviz.families.predictor import predictor
from sdqviz.layers.correction import OutputCorrection
from sdqviz.products.context import Context
from sdqviz.products.students import Student
from sdqviz.products.trajectories import CalibrationTrajectories


@dataclass(frozen=True, kw_only=True)
class CorrelatedStage(CorrectionStage):
    name, label, version = "correct_correlated", "correcting correlated noise", 1

    def _fit(self, context: Context, scenes: list[Scene]) -> Steps[OutputCorrection]:
        student, sums, done = context.take(Student).network, {}, 0
        for scene in scenes:
            trajectory = context.take(CalibrationTrajectories).by_scene[scene.id]
            answers = replay(trajectory, predictor(context.model, scene, student))
            calls = zip(trajectory.timesteps.tolist(), trajectory.outputs, answers, strict=True)
            for timestep, wanted, given in calls:
                fp = guide(wanted, scene.guidance)[0].double()
                error = guide(given, scene.guidance)[0].double() - fp
                sums.setdefault(timestep, Sums()).add(fp, error)
                done += 1
                yield done
        return by_timestep({timestep: own.correction() for timestep, own in sums.items()})


@dataclass
class Sums:
    """Of FP outputs e [C, h, w] and errors d at one timestep, over its calls."""

    count: int = 0
    products: torch.Tensor | None = None  # [3]: e, e^2 and e d, summed
    shift: torch.Tensor | None = None  # [C]: d, summed over pixels
    pixels: int = 0

    def add(self, fp: torch.Tensor, error: torch.Tensor) -> None:
        products = torch.stack((fp.sum(), fp.square().sum(), (fp * error).sum()))
        shift = error.flatten(1).sum(dim=1)
        self.products = products if self.products is None else self.products + products
        self.shift = shift if self.shift is None else self.shift + shift
        self.count, self.pixels = self.count + fp.numel(), self.pixels + fp[0].numel()

    def correction(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(1 / (1 + k), b), each [C]: k is the slope of the regression of d on e, not below 0; b
        the mean of d in each channel.
        """
        assert self.shift is not None and self.products is not None
        mean, square, product = (self.products / self.count).unbind()
        error = self.shift.sum() / self.count
        slope = (product - mean * error) / (square - mean.square()).clamp(min=1e-12)
        bias = (self.shift / self.pixels).float()
        factor = 1 / (1 + slope.clamp(min=0.0).float())
        return factor.expand_as(bias).clone(), bias
