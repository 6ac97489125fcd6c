"""The picture that a network call points at: x0 as predicted from its input and output."""

from typing import Any

import torch

from sdqviz.base.scene import Scene
from sdqviz.diffusion.schedulers import build_scheduler
from sdqviz.diffusion.trajectory import Trajectory, guide

EPSILON, VELOCITY, SAMPLE = "epsilon", "v_prediction", "sample"


def clean_latents(
    trajectory: Trajectory, scene: Scene, scheduler_config: dict[str, Any]
) -> torch.Tensor:
    """x0 of every call, guidance combined: float32 [S, C, h, w].

    With a = alpha_bar(t): epsilon models (x - sqrt(1 - a) eps) / sqrt(a) (Ho et al. 2020, eq. 15),
    v models sqrt(a) x - sqrt(1 - a) v (Salimans and Ho 2022, appendix D); flow matching
    x - sigma v (Esser et al. 2024, eq. 13 solved for x0). `x` is after input scaling, which makes
    every diffusion sampler's input variance-preserving.
    """
    output = torch.cat([guide(call, scene.guidance) for call in trajectory.outputs])
    x, scheduler = trajectory.x, build_scheduler(scene, scheduler_config)
    kind = scheduler.config.get("prediction_type")
    if kind == SAMPLE:
        return output
    if hasattr(scheduler, "precondition_outputs"):  # EDM (Karras et al. 2022, eq. 7)
        sigmas = scheduler.sigmas[: len(x)].to(torch.float32)
        rows = zip(trajectory.latents, output, sigmas, strict=False)
        return torch.stack([scheduler.precondition_outputs(x, o, sigma) for x, o, sigma in rows])
    if not hasattr(scheduler, "alphas_cumprod") or scheduler.config.get("use_flow_sigmas"):
        sigma = trajectory.timesteps / scheduler.config.num_train_timesteps
        return x - _column(sigma) * output
    alpha = _alphas(scheduler, trajectory.timesteps)
    signal, noise = _column(alpha.sqrt()), _column((1 - alpha).sqrt())
    if kind == EPSILON:
        return (x - noise * output) / signal
    if kind == VELOCITY:
        return signal * x - noise * output
    raise ValueError(f"prediction type {kind!r} is neither {EPSILON} nor {VELOCITY}")


def _alphas(scheduler: Any, timesteps: torch.Tensor) -> torch.Tensor:
    """alpha_bar of each timestep, float32 [S]; between two whole ones sigma is interpolated, as
    the samplers with fractional timesteps do.
    """
    below = timesteps.to(torch.int64).clamp(0, len(scheduler.alphas_cumprod) - 1)
    alpha = scheduler.alphas_cumprod[below].to(torch.float32)
    if torch.equal(timesteps, below.to(timesteps.dtype)):
        return alpha
    above = scheduler.alphas_cumprod[(below + 1).clamp(max=len(scheduler.alphas_cumprod) - 1)]
    low, high = (((1 - a) / a).sqrt() for a in (alpha, above.to(torch.float32)))
    sigma = low + (timesteps - below) * (high - low)
    return 1 / (1 + sigma.square())


def _column(values: torch.Tensor) -> torch.Tensor:
    return values.reshape(-1, 1, 1, 1)
