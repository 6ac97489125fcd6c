"""Every so many calls of the walk, with as many samples from each (Q-Diffusion, arXiv 2302.04304,
section 3.2).
"""

from dataclasses import dataclass

from sdqviz.base.config import option
from sdqviz.base.steps import Steps
from sdqviz.choices.contract import ChoiceStage
from sdqviz.products.context import Context
from sdqviz.products.scenes import CalibrationScenes
from sdqviz.products.trajectories import CalibrationTrajectories


@dataclass(frozen=True, kw_only=True)
class UniformStage(ChoiceStage):
    name, label, version = "choose_uniform", "choosing timesteps evenly", 1

    timesteps: int = option(
        25,
        label="Timesteps",
        help="About how many of the walk's calls give samples; their stride is rounded down.",
        low=1,
        high=1000,
    )

    def _shares(self, context: Context) -> Steps[list[float]]:
        yield 0
        first = context.take(CalibrationScenes).scenes[0]
        calls = len(context.take(CalibrationTrajectories).visited(first.id))
        stride = max(1, calls // self.timesteps)
        return [float(call % stride == 0) for call in range(calls)]
