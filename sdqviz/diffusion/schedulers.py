"""The samplers, built afresh for each trajectory from the model's scheduler config."""

import inspect
from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    PNDMScheduler,
)

from sdqviz.base.errors import SdqvizError
from sdqviz.base.scene import FLOW, Scene

# Integer timesteps everywhere: the time table has rows for integers only.
_BUILDERS: dict[str, tuple[Any, dict[str, Any]]] = {
    # Latents are not pixels in -1..1: a config that says nothing of it must not clip them.
    "ddim": (
        DDIMScheduler,
        {"timestep_spacing": "leading", "steps_offset": 1, "clip_sample": False},
    ),
    "pndm": (
        PNDMScheduler,
        {"timestep_spacing": "leading", "steps_offset": 1, "skip_prk_steps": True},
    ),
    "euler": (EulerDiscreteScheduler, {"timestep_spacing": "leading", "steps_offset": 1}),
    "dpmpp": (
        DPMSolverMultistepScheduler,
        {"algorithm_type": "dpmsolver++", "timestep_spacing": "leading", "steps_offset": 1},
    ),
    FLOW: (FlowMatchEulerDiscreteScheduler, {}),  # its timesteps are not integers
}


def build_scheduler(scene: Scene, config: dict[str, Any]) -> Any:
    """A fresh scheduler with the scene's settings and the model's noise schedule."""
    name, steps = scene.scheduler, scene.steps
    if name not in _BUILDERS:
        raise SdqvizError(f"unknown sampler {name!r}", f"there is {', '.join(_BUILDERS)}")
    kind, overrides = _BUILDERS[name]
    if scene.shift and name != FLOW:
        raise SdqvizError(
            f"shift is {scene.shift:g}, but sampler {name} has none", "leave shift at 0"
        )
    if scene.shift:
        overrides = {**overrides, "shift": scene.shift}
    accepted = inspect.signature(kind.__init__).parameters
    shared = {k: v for k, v in config.items() if k in accepted and not k.startswith("_")}
    scheduler = kind(**{**shared, **overrides})
    limit = scheduler.config.num_train_timesteps
    if not 1 <= steps <= limit:
        raise SdqvizError(f"steps is {steps}", f"this model allows 1 to {limit}")
    scheduler.set_timesteps(steps)
    return scheduler


def takes_generator(scheduler: Any) -> bool:
    return "generator" in inspect.signature(scheduler.step).parameters


def first_sigma(scheduler: Any) -> float:
    """What the unit noise is multiplied by at the start; flow matching starts from it as it is."""
    return float(getattr(scheduler, "init_noise_sigma", 1.0))


def scaled_input(scheduler: Any, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """What the network sees of the latents; flow matching shows them as they are."""
    scale = getattr(scheduler, "scale_model_input", None)
    return latents if scale is None else scale(latents, timestep)
