"""TAC-Diffusion's correction (arXiv 2407.03917): a factor for each step, fitted in sampling order,
so that each step is fitted to what the corrected ones before it lead to.
"""

from dataclasses import dataclass

import torch

from sdqviz.base.config import option
from sdqviz.base.scene import Scene
from sdqviz.base.steps import Steps
from sdqviz.corrections.contract import CorrectionStage, by_timestep
from sdqviz.diffusion.noise import initial_noise
from sdqviz.diffusion.schedulers import build_scheduler, first_sigma, scaled_input, step_options
from sdqviz.diffusion.trajectory import guide
from sdqviz.families.predictor import predictor
from sdqviz.layers.correction import OutputCorrection
from sdqviz.products.context import Context
from sdqviz.products.students import Student


@dataclass(frozen=True, kw_only=True)
class StepwiseStage(CorrectionStage):
    name, label, version = "correct_stepwise", "correcting step by step", 1

    relative: float = option(
        0.5,
        label="Relative error's share",
        help="Of the error that the factor is fitted to (lambda 1); the rest is the absolute.",
        low=0.0,
        high=1.0,
    )
    towards_one: float = option(
        0.1,
        label="Pull to one",
        help="Weight (lambda 2) of the factor's distance from 1.",
        low=0.0,
        high=100.0,
    )
    threshold: float = option(
        1.0,
        label="Threshold",
        help="The fit counts outputs larger than this times their mean size.",
        low=0.0,
        high=10.0,
    )

    @torch.no_grad()
    def _fit(self, context: Context, scenes: list[Scene]) -> Steps[OutputCorrection]:
        student, done = context.take(Student).network, 0
        walks = [_Walk(context, scene, student) for scene in scenes]
        rows: dict[float, tuple[torch.Tensor, torch.Tensor]] = {}
        for index, timestep in enumerate(walks[0].scheduler.timesteps):
            factors = []
            for walk in walks:
                wanted, given = walk.ask(index)
                factors.append(
                    closed_form(given, wanted, self.relative, self.towards_one, self.threshold)
                )
                done += 1
                yield done
            # A sampler that asks twice at one timestep gets one factor there: the first.
            factor = torch.stack(factors).mean(dim=0)
            factor, _ = rows.setdefault(timestep.item(), (factor, torch.zeros_like(factor)))
            for walk in walks:
                walk.go_on(index, factor)
        return by_timestep(rows)


class _Walk:
    """A scene sampled by the corrected student, with the FP network's answer at each step."""

    def __init__(self, context: Context, scene: Scene, student: torch.nn.Module) -> None:
        model = context.model
        self.scene = scene
        self.scheduler = build_scheduler(scene, model.scheduler_config)
        shape = model.family.latent_shape(model, scene)
        self.latents = initial_noise(scene.seed, shape) * first_sigma(self.scheduler)
        self._teacher = predictor(model, scene)
        self._student = predictor(model, scene, student)
        self._given = self.latents

    def ask(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(FP, quantized) guided outputs [C, h, w] on the same input."""
        timestep = self.scheduler.timesteps[index]
        x = scaled_input(self.scheduler, self.latents, timestep)
        wanted, self._given = (
            guide(predict(x, timestep).to("cpu", torch.float32), self.scene.guidance)
            for predict in (self._teacher, self._student)
        )
        return wanted[0], self._given[0]

    def go_on(self, index: int, factor: torch.Tensor) -> None:
        """Takes the step with the corrected output."""
        output = factor.view(-1, 1, 1) * self._given
        timestep = self.scheduler.timesteps[index]
        options = step_options(self.scheduler, self.scene, index)
        self.latents = self.scheduler.step(output, timestep, self.latents, **options).prev_sample


def closed_form(
    given: torch.Tensor, wanted: torch.Tensor, relative: float, towards_one: float, above: float
) -> torch.Tensor:
    """K [C] of least (1 - l1) mean (K q - e)^2 + l1 mean ((K q - e) / e)^2 + l2 (K - 1)^2 in each
    channel, over the q and e [C, h, w] that are larger than `above` times their mean size.
    """
    factors = []
    for q, e in zip(given.double(), wanted.double(), strict=True):
        large = (q.abs() > above * q.abs().mean()) & (e.abs() > above * e.abs().mean())
        if not large.any():
            factors.append(torch.ones((), dtype=torch.float64))
            continue
        q, e = q[large], e[large]
        top = (1 - relative) * (q * e).mean() + relative * (q / e).mean() + towards_one
        below = (1 - relative) * q.square().mean() + relative * (q / e).square().mean()
        factors.append(top / (below + towards_one))
    return torch.stack(factors).float()
