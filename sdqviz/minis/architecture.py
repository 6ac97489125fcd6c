"""Parts that the minis share: small versions of the published models' own module types."""

from typing import Any

from diffusers import AutoencoderKL, PNDMScheduler, UNet2DConditionModel
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

LATENT_PIXELS = 16
TOKENS = 77


def autoencoder_sd1() -> AutoencoderKL:
    """An f8 AutoencoderKL with 4 latent channels, 2.7 M parameters."""
    return autoencoder((16, 32, 64, 128), 4)


def autoencoder(channels: tuple[int, ...], latent_channels: int, **config: Any) -> AutoencoderKL:
    """An f8 AutoencoderKL for 128 x 128 pixels."""
    return AutoencoderKL(
        block_out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=latent_channels,
        norm_num_groups=4,
        mid_block_add_attention=False,
        sample_size=128,
        **{"scaling_factor": 1.0, **config},
    )


def text_config(tokenizer: CLIPTokenizer, width: int, activation: str) -> CLIPTextConfig:
    """A two-layer CLIP text model of this width."""
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=4 * width,
        projection_dim=width,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=TOKENS,
        hidden_act=activation,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def text_encoder(
    tokenizer: CLIPTokenizer, width: int, activation: str = "quick_gelu"
) -> CLIPTextModel:
    return CLIPTextModel(text_config(tokenizer, width, activation))


def pooled_text_encoder(
    tokenizer: CLIPTokenizer, width: int, activation: str = "gelu"
) -> CLIPTextModelWithProjection:
    return CLIPTextModelWithProjection(text_config(tokenizer, width, activation))


def denoiser_unet(channels: tuple[int, ...], **config: Any) -> UNet2DConditionModel:
    """A UNet of one layer a block on 16 x 16 latents of 4 channels."""
    return UNet2DConditionModel(
        sample_size=LATENT_PIXELS,
        in_channels=4,
        out_channels=4,
        block_out_channels=channels,
        layers_per_block=1,
        **config,
    )


# Cross attention at every level but the lowest, as in v1 and v2.
CROSS_ATTENTION = {
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
}


def scheduler_sd1() -> PNDMScheduler:
    """v1-4's scheduler configuration."""
    return PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        num_train_timesteps=1000,
        set_alpha_to_one=False,
        skip_prk_steps=True,
        steps_offset=1,
    )
