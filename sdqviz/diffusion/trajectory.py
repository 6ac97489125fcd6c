"""The hub of everything: the recorded network calls of one scene.

Recording runs the sampler with a network; replaying feeds another network the recorded inputs.
In both, one network call holds exactly one scene (its guidance branches), so a picture never
depends on what else is in a batch.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import torch

from sdqviz.base.scene import Scene
from sdqviz.base.steps import Steps, result_of
from sdqviz.diffusion.noise import initial_noise
from sdqviz.diffusion.schedulers import (
    build_scheduler,
    first_sigma,
    scaled_input,
    step_options,
)
from sdqviz.diffusion.timesteps import as_taken

# network(x [1 or b, C, h, w], timestep) -> prediction [b, C, h, w]; b = 2 with guidance:
# unconditional first, then conditional. One x is every branch's.
Predictor = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class NetworkCall:
    """One call: x float32 [C, h, w] after input scaling, the scalar timestep, and the
    prediction float32 [b, C, h, w] before guidance is combined.
    """

    x: torch.Tensor
    timestep: torch.Tensor
    output: torch.Tensor
    latents: torch.Tensor  # float32 [C, h, w], after the step


@dataclass(frozen=True)
class RecordedCalls:
    """The calls of one scene in sampling order, as stacked float32 tensors on the CPU.

    x [S, C, h, w]; timesteps [S]; outputs [S, b, C, h, w] are the FP network's, whoever steered.
    """

    x: torch.Tensor
    timesteps: torch.Tensor
    outputs: torch.Tensor

    @property
    def branches(self) -> int:
        """Guidance branches of each call: 2, or 1 without guidance."""
        return self.outputs.shape[1]

    def tensors(self) -> dict[str, torch.Tensor]:
        return {f.name: getattr(self, f.name).contiguous() for f in fields(self)}


@dataclass(frozen=True)
class Trajectory(RecordedCalls):
    """Calls that steered themselves: with the latents float32 [S + 1, C, h, w] they went through,
    the initial ones first. `outputs` are those of the network that was recorded.
    """

    latents: torch.Tensor


def guide(output: torch.Tensor, guidance: float) -> torch.Tensor:
    """Classifier-free guidance: [2, C, h, w] (unconditional, conditional) -> [1, C, h, w]."""
    if len(output) == 1:
        return output
    unconditional, conditional = output.chunk(2)
    return unconditional + guidance * (conditional - unconditional)


@torch.no_grad()
def walk(
    scene: Scene, predict: Predictor, shape: tuple[int, ...], scheduler_config: dict[str, Any]
) -> Iterator[NetworkCall]:
    """Samples the scene, yielding each network call as it is made.

    Latents stay float32 on the CPU whatever the network computes in; `shape` is (C, h, w).
    """
    scheduler = build_scheduler(scene, scheduler_config)
    latents = initial_noise(scene.seed, shape) * first_sigma(scheduler)
    for index, timestep in enumerate(scheduler.timesteps):
        x = scaled_input(scheduler, latents, timestep)
        output = predict(x, timestep).to("cpu", torch.float32)
        guided = guide(output, scene.guidance)
        options = step_options(scheduler, scene, index)
        latents = scheduler.step(guided, timestep, latents, **options).prev_sample
        yield NetworkCall(x[0], timestep, output, latents[0])


def record(
    scene: Scene, predict: Predictor, shape: tuple[int, ...], scheduler_config: dict[str, Any]
) -> Trajectory:
    """The whole trajectory of a scene under `predict`."""
    return result_of(recording(scene, predict, shape, scheduler_config))


def recording(
    scene: Scene, predict: Predictor, shape: tuple[int, ...], scheduler_config: dict[str, Any]
) -> Steps[Trajectory]:
    """As `record`; yields how many calls are made."""
    calls = []
    for call in walk(scene, predict, shape, scheduler_config):
        calls.append(call)
        yield len(calls)
    scheduler = build_scheduler(scene, scheduler_config)
    start = initial_noise(scene.seed, shape)[0] * first_sigma(scheduler)
    return Trajectory(
        x=torch.stack([call.x for call in calls]),
        timesteps=torch.stack([call.timestep.to(torch.float32) for call in calls]),
        outputs=torch.stack([call.output for call in calls]),
        latents=torch.stack([start.to(torch.float32), *(call.latents for call in calls)]),
    )


@torch.no_grad()
def replay(trajectory: Trajectory, predict: Predictor) -> Iterator[torch.Tensor]:
    """Another network's prediction [b, C, h, w] at each recorded input, in order."""
    branches = trajectory.branches
    for x, timestep in zip(trajectory.x, trajectory.timesteps, strict=True):
        yield predict(x.expand(branches, *x.shape), as_taken(timestep)).to("cpu", torch.float32)
