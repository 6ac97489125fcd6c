"""What a denoiser learns to predict: the noise, the velocity v, or the flow."""

import torch
from diffusers import DDPMScheduler

from sdqviz.minis.contract import Call

SNR_LIMIT = 5.0
TIMESTEPS = 1000


def epsilon_loss(call: Call, latents: torch.Tensor) -> torch.Tensor:
    """Noise MSE, weighted by min(SNR, 5) / SNR (Hang et al. 2023, eq. 7)."""
    noise = torch.randn_like(latents)
    steps = torch.randint(0, TIMESTEPS, (len(latents),), device=latents.device)
    schedule = _schedule()
    error = call(schedule.add_noise(latents, noise, steps), steps).float() - noise
    snr = _snr(schedule, steps)
    return (snr.clamp(max=SNR_LIMIT) / snr * error.square().mean(dim=(1, 2, 3))).mean()


def velocity_loss(call: Call, latents: torch.Tensor) -> torch.Tensor:
    """MSE of v = a * noise - s * latents (Salimans and Ho 2022), weighted by
    min(SNR, 5) / (SNR + 1) (Hang et al. 2023).
    """
    noise = torch.randn_like(latents)
    steps = torch.randint(0, TIMESTEPS, (len(latents),), device=latents.device)
    schedule = _schedule()
    target = schedule.get_velocity(latents, noise, steps)
    error = call(schedule.add_noise(latents, noise, steps), steps).float() - target
    snr = _snr(schedule, steps)
    return (snr.clamp(max=SNR_LIMIT) / (snr + 1) * error.square().mean(dim=(1, 2, 3))).mean()


def flow_loss(call: Call, latents: torch.Tensor) -> torch.Tensor:
    """MSE of the flow noise - latents on straight paths, times drawn from a logit-normal
    (Esser et al. 2024, SD3, sections 2 and 3.1).
    """
    noise = torch.randn_like(latents)
    sigma = torch.randn(len(latents), device=latents.device).sigmoid()
    share = sigma.view(-1, 1, 1, 1)
    predicted = call((1 - share) * latents + share * noise, TIMESTEPS * sigma)
    return (predicted.float() - (noise - latents)).square().mean()


def _schedule() -> DDPMScheduler:
    return DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")


def _snr(schedule: DDPMScheduler, steps: torch.Tensor) -> torch.Tensor:
    alpha = schedule.alphas_cumprod.to(steps.device)[steps]
    return alpha / (1.0 - alpha)
