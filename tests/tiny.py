"""Complete pipelines of each family with random weights: 8 x 8 latents, 64 x 64 pixels."""

from pathlib import Path
from typing import Any

import torch

FAMILIES = ("sd1", "sd2", "sdxl", "sd3")
# Widths of the two text encoders; a swap of them would show.
_TEXT, _TEXT_2 = 24, 32


def save_tiny_model(folder: Path, family: str = "sd1") -> Path:
    """Writes the family's smallest pipeline that has all its conditioning paths."""
    torch.manual_seed(0)
    pipeline = _sd3() if family == "sd3" else _sdxl() if family == "sdxl" else _v1_or_v2(family)
    pipeline.save_pretrained(folder)
    return folder


def _v1_or_v2(family: str) -> Any:
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    from sdqviz.minis.architecture import scheduler_sd1

    tokenizer = _tokenizer()
    second = family == "sd2"
    config = dict(scheduler_sd1().config)
    v_prediction = DDIMScheduler.from_config(
        config, prediction_type="v_prediction", clip_sample=False
    )
    heads = {"attention_head_dim": (2, 5), "use_linear_projection": True} if second else {}
    return StableDiffusionPipeline(
        vae=autoencoder(4),
        text_encoder=_text_encoder(tokenizer, "gelu" if second else "quick_gelu"),
        tokenizer=tokenizer,
        unet=_unet(**{"attention_head_dim": 2, **heads}),
        scheduler=v_prediction if second else scheduler_sd1(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _sdxl() -> Any:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    from sdqviz.minis.architecture import scheduler_sd1

    tokenizer = _tokenizer()
    return StableDiffusionXLPipeline(
        vae=autoencoder(4),
        text_encoder=_text_encoder(tokenizer),
        text_encoder_2=_projecting_encoder(tokenizer, _TEXT_2),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=_unet(
            cross_attention_dim=_TEXT + _TEXT_2,
            attention_head_dim=(2, 5),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + _TEXT_2,
            transformer_layers_per_block=(2, 1),
        ),
        scheduler=EulerDiscreteScheduler.from_config(
            dict(scheduler_sd1().config), timestep_spacing="leading"
        ),
        add_watermarker=False,
    )


def _sd3() -> Any:
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        SD3Transformer2DModel,
        StableDiffusion3Pipeline,
    )

    tokenizer = _tokenizer()
    return StableDiffusion3Pipeline(
        transformer=SD3Transformer2DModel(
            sample_size=8,
            patch_size=2,
            in_channels=16,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=3,
            joint_attention_dim=_TEXT + _TEXT_2,
            caption_projection_dim=24,
            pooled_projection_dim=_TEXT + _TEXT_2,
            out_channels=16,
            pos_embed_max_size=12,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoder(16, shift_factor=0.06, scaling_factor=1.5),
        text_encoder=_projecting_encoder(tokenizer, _TEXT),
        tokenizer=tokenizer,
        text_encoder_2=_projecting_encoder(tokenizer, _TEXT_2),
        tokenizer_2=tokenizer,
        text_encoder_3=None,
        tokenizer_3=None,
    )


def _tokenizer() -> Any:
    from sdqviz.minis.words import word_tokenizer

    return word_tokenizer()


def _unet(**config: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 40),  # 40 is not a multiple of the group size 32
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        norm_num_groups=8,
        **{"cross_attention_dim": _TEXT, **config},
    )


def autoencoder(channels: int, **config: Any) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=64,
        **config,
    )


def _text_config(tokenizer: Any, activation: str, width: int) -> Any:
    from transformers import CLIPTextConfig

    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=48,
        projection_dim=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        hidden_act=activation,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _text_encoder(tokenizer: Any, activation: str = "quick_gelu") -> Any:
    from transformers import CLIPTextModel

    return CLIPTextModel(_text_config(tokenizer, activation, _TEXT))


def _projecting_encoder(tokenizer: Any, width: int) -> Any:
    from transformers import CLIPTextModelWithProjection

    return CLIPTextModelWithProjection(_text_config(tokenizer, "gelu", width))
