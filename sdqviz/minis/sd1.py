"""mini-sd1: v1-4 in small. Epsilon prediction, four heads at every level."""

from typing import Any

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from torch import nn
from transformers import CLIPTokenizer

from sdqviz.minis import architecture
from sdqviz.minis.objectives import epsilon_loss


class MiniSd1:
    name = "sd1"
    about = (
        "A complete Stable Diffusion v1 pipeline in miniature: CLIP text encoder, UNet with cross "
        "attention, f8 autoencoder, epsilon prediction"
    )
    objective = staticmethod(epsilon_loss)

    def autoencoder(self) -> AutoencoderKL:
        return architecture.autoencoder_sd1()

    def networks(self, tokenizer: CLIPTokenizer) -> nn.ModuleDict:
        denoiser = architecture.denoiser_unet(
            (96, 128, 160),
            cross_attention_dim=128,
            attention_head_dim=4,  # diffusers reads this as the number of heads for v1
            norm_num_groups=16,
            **architecture.CROSS_ATTENTION,
        )
        return nn.ModuleDict(
            {"denoiser": denoiser, "text": architecture.text_encoder(tokenizer, 128)}
        )

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
            scheduler=architecture.scheduler_sd1(),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )


MINI = MiniSd1()
