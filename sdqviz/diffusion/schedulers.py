"""The samplers, built afresh for each trajectory from the model's scheduler config."""

import inspect
from typing import Any

from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
)

from sdqviz.base.errors import SdqvizError

# Integer timesteps everywhere: the time table has rows for integers only.
_BUILDERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "ddim": (DDIMScheduler, {"timestep_spacing": "leading", "steps_offset": 1}),
    "pndm": (
        PNDMScheduler,
        {"timestep_spacing": "leading", "steps_offset": 1, "skip_prk_steps": True},
    ),
    "euler": (EulerDiscreteScheduler, {"timestep_spacing": "leading", "steps_offset": 1}),
    "dpmpp": (
        DPMSolverMultistepScheduler,
        {"algorithm_type": "dpmsolver++", "timestep_spacing": "leading", "steps_offset": 1},
    ),
}


def build_scheduler(name: str, config: dict[str, Any], steps: int) -> Any:
    """A fresh scheduler `name` with the model's noise schedule and `steps` steps set."""
    if name not in _BUILDERS:
        raise SdqvizError(f"unknown sampler {name!r}", f"there is {', '.join(_BUILDERS)}")
    kind, overrides = _BUILDERS[name]
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
