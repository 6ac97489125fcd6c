"""Training the minis' autoencoder on emoji scenes, small crops first."""

import random

import numpy as np
import torch
from diffusers import AutoencoderKL
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch.nn import functional as F

from sdqviz.minis.captions import COLOURS, NAMES, SIZES, Caption
from sdqviz.minis.scenes import IMAGE_PIXELS, placements, render

# (until this share of the phase, crop side in pixels, batch size)
CURRICULUM = ((0.40, 32, 32), (0.72, 64, 10), (1.0, IMAGE_PIXELS, 4))
KL_WEIGHT = 1e-4
_GRID = 8


def crop_batch(rng: random.Random, pixels: int, count: int) -> torch.Tensor:
    """float32 [count, 3, pixels, pixels] in [-1, 1]: random scenes cut where a glyph is."""
    return torch.stack([_crop(rng, pixels) for _ in range(count)])


def _crop(rng: random.Random, pixels: int) -> torch.Tensor:
    caption = _random_caption(rng)
    picture = np.asarray(render(caption), dtype=np.float32)
    if rng.random() < 0.25:  # any colours, so that the decoder learns edges, not a palette
        gain = np.array([rng.uniform(0.6, 1.0) for _ in range(3)], dtype=np.float32)
        picture = picture[..., rng.sample(range(3), 3)] * gain
    if pixels < IMAGE_PIXELS:
        box = rng.choice(placements(caption)).box
        x = _start(rng, box[0], box[2], pixels)
        y = _start(rng, box[1], box[3], pixels)
        picture = picture[y : y + pixels, x : x + pixels]
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))) / 127.5 - 1.0


def _start(rng: random.Random, low: int, high: int, pixels: int) -> int:
    """A multiple of 8 at which a window of `pixels` overlaps [low, high) and stays inside."""
    first = max(0, low - pixels // 2)
    last = min(IMAGE_PIXELS - pixels, high - pixels // 2)
    return min(rng.randint(first, max(first, last)) // _GRID * _GRID, IMAGE_PIXELS - pixels)


def _random_caption(rng: random.Random) -> Caption:
    colour = rng.choice(list(COLOURS))
    if rng.random() < 0.3:
        left, right = rng.sample(list(NAMES), 2)
        return Caption(names=(left, right), colour=colour)
    return Caption(
        names=(rng.choice(list(NAMES)),),
        colour=colour,
        size=rng.choice(SIZES),
        position=rng.choice(("centre", "left", "right", "top", "bottom")),
    )


def reconstruction_loss(
    model: AutoencoderKL, pictures: torch.Tensor, train_encoder: bool = True
) -> torch.Tensor:
    """L1 + L1 of the gradients + a little KL, on pictures [B, 3, H, W] in [-1, 1]."""
    with torch.autocast(pictures.device.type, torch.bfloat16):
        with torch.set_grad_enabled(train_encoder and torch.is_grad_enabled()):
            posterior = model.encode(pictures).latent_dist
            latents = posterior.mean + posterior.std * torch.randn_like(posterior.mean)
        decoded = model.decode(latents).sample
    error = decoded.float() - pictures
    gradients = F.l1_loss(error[..., 1:], error[..., :-1]) + F.l1_loss(
        error[..., 1:, :], error[..., :-1, :]
    )
    return error.abs().mean() + gradients + KL_WEIGHT * divergence(posterior)


def divergence(posterior: DiagonalGaussianDistribution) -> torch.Tensor:
    """KL from unit Gaussians, the mean over latents: a scalar."""
    mean, log_variance = posterior.mean.float(), posterior.logvar.float()
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).mean()


def curriculum(progress: float) -> tuple[int, int]:
    """(crop side, batch size) at this share of the phase."""
    for until, pixels, count in CURRICULUM:
        if progress < until:
            return pixels, count
    return CURRICULUM[-1][1:]


@torch.no_grad()
def standardise_latents(model: AutoencoderKL, latents: torch.Tensor) -> None:
    """Folds the latents' mean and deviation per channel into the 1 x 1 convolutions around them.

    Afterwards the encoder's latents have mean 0 and deviation 1 per channel over `latents`
    [N, C, h, w] (taken from this model before the call), the decoder undoes it exactly, and
    the scaling factor stays 1. Epsilon prediction starts from unit noise, so unit latents help.
    """
    into, out = model.quant_conv, model.post_quant_conv
    if into is None or out is None:
        # Nothing around the latents to fold it into: one scale and one shift for all channels.
        model.register_to_config(
            scaling_factor=1.0 / latents.std().item(), shift_factor=latents.mean().item()
        )
        return
    mean = latents.mean(dim=(0, 2, 3))
    deviation = latents.std(dim=(0, 2, 3))
    channels = len(mean)
    assert into.bias is not None
    assert out.bias is not None
    # quant_conv gives means, then log variances: (m - mean) / deviation, v - 2 log deviation
    into.weight[:channels] /= deviation.view(-1, 1, 1, 1)
    into.bias[:channels] = (into.bias[:channels] - mean) / deviation
    into.bias[channels:] -= 2.0 * deviation.log()
    # post_quant_conv sees z' with z = z' * deviation + mean
    out.bias += torch.einsum("oi,i->o", out.weight[:, :, 0, 0], mean)
    out.weight *= deviation.view(1, -1, 1, 1)
