"""mini-sd2: v2-1 in small. v-prediction, linear projections, a head count per level."""

from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline
from torch import nn
from transformers import CLIPTokenizer

from sdqviz.minis import architecture
from sdqviz.minis.contract import borrowed_autoencoder
from sdqviz.minis.objectives import velocity_loss


class MiniSd2:
    name = "sd2"
    about = (
        "A complete Stable Diffusion v2 pipeline in miniature: text encoder with GELU as OpenCLIP "
        "has, UNet with linear projections and a head count per level, v-prediction; the "
        "autoencoder is mini-sd1's"
    )
    objective = staticmethod(velocity_loss)

    def autoencoder(self) -> AutoencoderKL:
        return borrowed_autoencoder()

    def networks(self, tokenizer: CLIPTokenizer) -> nn.ModuleDict:
        denoiser = architecture.denoiser_unet(
            (48, 64, 80),
            cross_attention_dim=128,
            attention_head_dim=(3, 4, 5),  # heads of 16 channels, as v2 has 5, 10, 20, 20 of 64
            use_linear_projection=True,
            norm_num_groups=16,
            **architecture.CROSS_ATTENTION,
        )
        text = architecture.text_encoder(tokenizer, 128, "gelu")
        return nn.ModuleDict({"denoiser": denoiser, "text": text})

    def condition(self, networks: nn.ModuleDict, tokens: torch.Tensor) -> dict[str, Any]:
        return {"encoder_hidden_states": networks["text"](tokens).last_hidden_state}

    def pipeline(
        self, vae: AutoencoderKL, networks: nn.ModuleDict, tokenizer: CLIPTokenizer
    ) -> StableDiffusionPipeline:
        return StableDiffusionPipeline(
            vae=vae,
            text_encoder=networks["text"],
            tokenizer=tokenizer,
            unet=networks["denoiser"],
            scheduler=DDIMScheduler(
                beta_start=0.00085,
                beta_end=0.012,
                beta_schedule="scaled_linear",
                clip_sample=False,
                set_alpha_to_one=False,
                steps_offset=1,
                prediction_type="v_prediction",
            ),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )


MINI = MiniSd2()
