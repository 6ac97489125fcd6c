"""The minis' autoencoder: its pull towards unit Gaussians, and latents made standard."""

import torch
from diffusers import AutoencoderKL
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

KL_WEIGHT = 1e-4


def divergence(posterior: DiagonalGaussianDistribution) -> torch.Tensor:
    """KL from unit Gaussians, the mean over latents: a scalar."""
    mean, log_variance = posterior.mean.float(), posterior.logvar.float()
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).mean()


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
