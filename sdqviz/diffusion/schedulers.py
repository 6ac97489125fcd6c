"""The samplers, built afresh for each trajectory from the model's own scheduler config.

What the config says is what is sampled: its noise schedule, its spacing, its class's settings. What
a sampler cannot honour is refused by the key's name, never left out.
"""

import inspect
from typing import Any

import diffusers
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.base.scene import AUTO, BETA, FLOW, KARRAS, OWN, Scene
from sdqviz.diffusion.noise import step_generator

# name -> diffusers class, and what it is told where the config says nothing.
_LEADING = {"timestep_spacing": "leading", "steps_offset": 1}
_SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    # Latents are not pixels in -1..1: a config that says nothing of it must not clip them.
    "ddim": ("DDIMScheduler", {**_LEADING, "clip_sample": False}),
    "pndm": ("PNDMScheduler", {**_LEADING, "skip_prk_steps": True}),
    "euler": ("EulerDiscreteScheduler", _LEADING),
    "dpmpp": ("DPMSolverMultistepScheduler", _LEADING),
    FLOW: ("FlowMatchEulerDiscreteScheduler", {}),
}
# spacing -> diffusers' setting. Beta: timesteps at the quantiles of Beta(0.6, 0.6), 2407.12173.
_SPACINGS: dict[str, dict[str, Any]] = {
    **{name: {"timestep_spacing": name} for name in ("leading", "trailing", "linspace")},
    KARRAS: {"use_karras_sigmas": True},
    BETA: {"use_beta_sigmas": True},
}
_OF_SIGMAS = (  # spacings of sigmas: one at a time
    *("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas"),
)
DIFFUSION = "diffusion"  # the noise of a schedule of betas
# What diffusers' schedulers raise over a config that they cannot follow.
_OF_DIFFUSERS = (
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
    *(NotImplementedError, ImportError, AssertionError, RuntimeError),
)
# Keys that say which noise the network knows, and the values that ask for nothing.
_NOISE_KEYS: dict[str, tuple[Any, ...]] = {
    "prediction_type": (None, "epsilon"),
    "rescale_betas_zero_snr": (None, False),
    "use_flow_sigmas": (None, False),
    "snr_shift_scale": (None,),
    "trained_betas": (None,),
}
_OF_ONE_CLASS = ("algorithm_type",)  # another class's means nothing to this one


def own_sampler(class_name: str) -> str:
    """The name of the sampler that is this diffusers class; OWN for one without a name here."""
    names = [name for name, (kind, _) in _SAMPLERS.items() if kind == class_name]
    return names[0] if names else OWN


def scheduler_class(name: str) -> Any:
    """The diffusers scheduler of this name. Raises SdqvizError where there is none."""
    kind = getattr(diffusers, name, None)
    if not inspect.isclass(kind) or not issubclass(kind, diffusers.SchedulerMixin):
        raise SdqvizError(
            f"the model's scheduler is {name}, which this diffusers does not have",
            "name another in scheduler/scheduler_config.json and model_index.json",
        )
    return kind


def build_scheduler(scene: Scene, config: dict[str, Any]) -> Any:
    """A fresh scheduler with the scene's settings and the model's own config, its steps set.

    config is the model's: with `_class_name`, and all that its class knows. Raises SdqvizError for
    a key that the scene's sampler cannot honour.
    """
    kind, unsaid = _kind(scene, config)
    config = _spaced(scene, kind, config)
    if scene.shift and scene.scheduler != FLOW:
        raise SdqvizError(
            f"shift is {scene.shift:g}, but sampler {scene.scheduler} has none",
            "leave shift at 0",
        )
    accepted = inspect.signature(kind.__init__).parameters
    own = config.get("_class_name", kind.__name__) == kind.__name__
    _refuse_unknown(kind, own, config)
    given = {
        key: value
        for key, value in config.items()
        if key in accepted and key[0] != "_" and (own or key not in _OF_ONE_CLASS)
    }
    shift = {"shift": scene.shift} if scene.shift else {}
    try:
        scheduler = kind(**{**unsaid, **given, **shift})
        limit = scheduler.config.num_train_timesteps
        if not 1 <= scene.steps <= limit:
            raise SdqvizError(f"steps is {scene.steps}", f"this model allows 1 to {limit}")
        scheduler.set_timesteps(scene.steps)
    except _OF_DIFFUSERS as error:
        raise _cannot(scene, kind, error) from error
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)  # the first timestep may be there twice
    return scheduler


def rehearse(scene: Scene, config: dict[str, Any]) -> Any:
    """The scene's scheduler, after another took all the steps over a latent of one pixel.

    Raises SdqvizError for whatever the class refuses only while it samples: no network has run.
    """
    scheduler = build_scheduler(scene, config)
    latents = torch.ones(1, 4, 1, 1) * first_sigma(scheduler)
    try:
        with torch.no_grad():
            for index, timestep in enumerate(scheduler.timesteps):
                output = 0.5 * scaled_input(scheduler, latents, timestep)
                options = step_options(scheduler, scene, index)
                latents = scheduler.step(output, timestep, latents, **options).prev_sample
    except _OF_DIFFUSERS as error:
        raise _cannot(scene, type(scheduler), error) from error
    if not latents.isfinite().all():
        raise _cannot(scene, type(scheduler), "the latents do not stay finite")
    return build_scheduler(scene, config)


def step_options(scheduler: Any, scene: Scene, index: int) -> dict[str, Any]:
    """What the step at `index` takes beside its latents, as diffusers' pipelines give it: noise of
    the scene's own, and none where the class lets the caller choose.
    """
    known = inspect.signature(scheduler.step).parameters
    noise = {"generator": step_generator(scene.id, index)} if "generator" in known else {}
    return {**noise, **({"eta": 0.0} if "eta" in known else {})}


def first_sigma(scheduler: Any) -> float:
    """What the unit noise is multiplied by at the start; flow matching starts from it as it is."""
    return float(getattr(scheduler, "init_noise_sigma", 1.0))


def scaled_input(scheduler: Any, latents: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """What the network sees of the latents; flow matching shows them as they are."""
    scale = getattr(scheduler, "scale_model_input", None)
    return latents if scale is None else scale(latents, timestep)


def _spaced(scene: Scene, kind: Any, config: dict[str, Any]) -> dict[str, Any]:
    """The config with the scene's spacing in place of its own. Raises SdqvizError where the class
    has no such spacing.
    """
    if scene.spacing == OWN:
        return config
    accepted, asked = inspect.signature(kind.__init__).parameters, _SPACINGS[scene.spacing]
    if not set(asked) <= set(accepted):
        fitting = [
            name
            for name, (other, _) in _SAMPLERS.items()
            if set(asked) <= set(inspect.signature(getattr(diffusers, other).__init__).parameters)
        ]
        raise SdqvizError(
            f"spacing is {scene.spacing}, which sampler {scene.scheduler} ({kind.__name__}) does "
            "not have",
            f"choose spacing {OWN}, or one of the samplers {', '.join(fitting)}",
        )
    return {**config, **{key: False for key in _OF_SIGMAS if key in config}, **asked}


def _kind(scene: Scene, config: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The scene's scheduler class, and what it is told where the config says nothing. Raises
    SdqvizError where the model's own class has another kind of noise.
    """
    name, own = scene.scheduler, config.get("_class_name")
    if name == OWN:
        return scheduler_class(str(own)), {}
    if name not in _SAMPLERS:
        raise SdqvizError(f"unknown sampler {name!r}", f"there is {', '.join((*_SAMPLERS, OWN))}")
    class_name, unsaid = _SAMPLERS[name]
    if own not in (None, class_name):
        theirs = _noise_kind(scheduler_class(str(own)), config)
        kind = DIFFUSION if name != FLOW else FLOW
        if theirs != kind:
            raise SdqvizError(
                f"the model's scheduler is {own}, whose noise is not that of sampler {name}",
                f"choose sampler {AUTO} or {OWN}",
            )
    return getattr(diffusers, class_name), unsaid


def _noise_kind(kind: Any, config: dict[str, Any]) -> str:
    """DIFFUSION for a schedule of betas, FLOW for straight paths, else the class's own name."""
    if kind.__name__.startswith("FlowMatch") or config.get("use_flow_sigmas"):
        return FLOW
    betas = "beta_schedule" in inspect.signature(kind.__init__).parameters
    return DIFFUSION if betas else kind.__name__


def _refuse_unknown(kind: Any, own: bool, config: dict[str, Any]) -> None:
    """Raises SdqvizError for a key that this class would leave out though it says something."""
    where = "of scheduler/scheduler_config.json"
    if config.get("use_dynamic_shifting"):
        raise SdqvizError(f"use_dynamic_shifting {where} is not supported", "set it to false")
    accepted = inspect.signature(kind.__init__).parameters
    for key, value in config.items():
        if key in accepted or key[0] == "_" or value in (None, False):
            continue
        if key in _NOISE_KEYS and value not in _NOISE_KEYS[key]:
            raise SdqvizError(
                f"{key} {where} is {value!r}, which {kind.__name__} cannot honour",
                "choose another sampler" if own else f"choose another sampler, such as {OWN}",
            )
        if key not in _known_keys():
            raise SdqvizError(
                f"{key} {where} is not known to sdqviz", "remove it if the pictures need it not"
            )


def _known_keys() -> set[str]:
    """The keys of all of diffusers' schedulers."""
    names = [name for name in dir(diffusers.schedulers) if name.endswith("Scheduler")]
    kinds = [getattr(diffusers.schedulers, name) for name in names]
    return {key for kind in kinds for key in inspect.signature(kind.__init__).parameters}


def _cannot(scene: Scene, kind: Any, problem: Exception | str) -> SdqvizError:
    first = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    return SdqvizError(
        f"{kind.__name__} cannot sample {scene.steps} steps with the model's scheduler config: "
        f"{first}",
        "choose another sampler or number of steps, or correct scheduler/scheduler_config.json",
    )
