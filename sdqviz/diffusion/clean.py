"""The picture that a network call points at: x0 as predicted from its input and output."""

from typing import Any

import torch

from sdqviz.base.scene import FLOW, Scene
from sdqviz.diffusion.schedulers import build_scheduler
from sdqviz.diffusion.trajectory import Trajectory, guide

EPSILON, VELOCITY = "epsilon", "v_prediction"


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
    x = trajectory.x
    scheduler = build_scheduler(scene, scheduler_config)
    if scene.scheduler == FLOW:
        sigma = trajectory.timesteps / scheduler.config.num_train_timesteps
        return x - _column(sigma) * output
    alpha = scheduler.alphas_cumprod[trajectory.timesteps.to(torch.int64)].to(torch.float32)
    signal, noise = _column(alpha.sqrt()), _column((1 - alpha).sqrt())
    kind = scheduler.config.prediction_type
    if kind == EPSILON:
        return (x - noise * output) / signal
    if kind == VELOCITY:
        return signal * x - noise * output
    raise ValueError(f"prediction type {kind!r} is neither {EPSILON} nor {VELOCITY}")


def _column(values: torch.Tensor) -> torch.Tensor:
    return values.reshape(-1, 1, 1, 1)
