"""mini-sd3: v3 medium in small. Joint attention, flow matching, 16 latent channels, no T5."""

from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)
from torch import nn
from transformers import CLIPTokenizer

from sdqviz.minis import architecture
from sdqviz.minis.objectives import flow_loss

_TEXT, _HEADS, _HEAD, _LAYERS = 96, 4, 32, 5
_CHANNELS = 16
_T5_TOKENS = 256


class MiniSd3:
    name = "sd3"
    about = (
        "A complete Stable Diffusion 3 pipeline in miniature: two CLIP text encoders and no T5, a "
        "transformer with joint attention and adaptive norms, flow matching, an f8 autoencoder "
        "with 16 channels"
    )
    objective = staticmethod(flow_loss)

    def autoencoder(self) -> AutoencoderKL:
        # As the published one: no convolutions around the latents, a shift beside the scale.
        return architecture.autoencoder(
            (16, 32, 64, 96),
            _CHANNELS,
            use_quant_conv=False,
            use_post_quant_conv=False,
            shift_factor=0.0,
        )

    def networks(self, tokenizer: CLIPTokenizer) -> nn.ModuleDict:
        denoiser = SD3Transformer2DModel(
            sample_size=architecture.LATENT_PIXELS,
            patch_size=2,
            in_channels=_CHANNELS,
            out_channels=_CHANNELS,
            num_layers=_LAYERS,
            attention_head_dim=_HEAD,
            num_attention_heads=_HEADS,
            joint_attention_dim=2 * _TEXT,
            caption_projection_dim=_HEADS * _HEAD,
            pooled_projection_dim=2 * _TEXT,
            pos_embed_max_size=architecture.LATENT_PIXELS,
        )
        return nn.ModuleDict(
            {
                "denoiser": denoiser,
                "text": architecture.pooled_text_encoder(tokenizer, _TEXT, "quick_gelu"),
                "text_2": architecture.pooled_text_encoder(tokenizer, _TEXT),
            }
        )

    def condition(self, networks: nn.ModuleDict, tokens: torch.Tensor) -> dict[str, Any]:
        encoders = (networks["text"], networks["text_2"])
        seen = [encoder(tokens, output_hidden_states=True) for encoder in encoders]
        text = torch.cat([one.hidden_states[-2] for one in seen], dim=-1)
        # Without T5 the published pipeline puts zeros where its tokens would stand.
        text = torch.cat((text, text.new_zeros(len(text), _T5_TOKENS, text.shape[-1])), dim=1)
        pooled = torch.cat([one.text_embeds for one in seen], dim=-1)
        return {"encoder_hidden_states": text, "pooled_projections": pooled}

    def pipeline(
        self, vae: AutoencoderKL, networks: nn.ModuleDict, tokenizer: CLIPTokenizer
    ) -> StableDiffusion3Pipeline:
        return StableDiffusion3Pipeline(
            transformer=networks["denoiser"],
            scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=vae,
            text_encoder=networks["text"],
            tokenizer=tokenizer,
            text_encoder_2=networks["text_2"],
            tokenizer_2=tokenizer,
            text_encoder_3=None,
            tokenizer_3=None,
        )


MINI = MiniSd3()
