"""mini-sdxl: XL base in small. Two text encoders, pooled text and picture sizes."""

from typing import Any

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLPipeline
from torch import nn
from transformers import CLIPTokenizer

from sdqviz.minis import architecture
from sdqviz.minis.contract import borrowed_autoencoder
from sdqviz.minis.objectives import epsilon_loss
from sdqviz.minis.world.scenes import IMAGE_PIXELS

_WIDTH, _SIZE_WIDTH = 64, 16


class MiniSdxl:
    name = "sdxl"
    about = (
        "A complete Stable Diffusion XL pipeline in miniature: two text encoders, pooled text and "
        "picture sizes beside the timestep, a UNet without attention at its highest level; the "
        "autoencoder is mini-sd1's"
    )
    objective = staticmethod(epsilon_loss)

    def autoencoder(self) -> AutoencoderKL:
        return borrowed_autoencoder()

    def networks(self, tokenizer: CLIPTokenizer) -> nn.ModuleDict:
        denoiser = architecture.denoiser_unet(
            (40, 64, 80),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=(1, 1, 1),
            cross_attention_dim=2 * _WIDTH,
            attention_head_dim=(4, 4, 5),
            use_linear_projection=True,
            norm_num_groups=8,
            addition_embed_type="text_time",
            addition_time_embed_dim=_SIZE_WIDTH,
            projection_class_embeddings_input_dim=6 * _SIZE_WIDTH + _WIDTH,
        )
        return nn.ModuleDict(
            {
                "denoiser": denoiser,
                "text": architecture.text_encoder(tokenizer, _WIDTH),
                "text_2": architecture.pooled_text_encoder(tokenizer, _WIDTH),
            }
        )

    def condition(self, networks: nn.ModuleDict, tokens: torch.Tensor) -> dict[str, Any]:
        one = networks["text"](tokens, output_hidden_states=True)
        two = networks["text_2"](tokens, output_hidden_states=True)
        # The layer before the last, as the published pipeline takes it.
        text = torch.cat((one.hidden_states[-2], two.hidden_states[-2]), dim=-1)
        sizes = [IMAGE_PIXELS, IMAGE_PIXELS, 0, 0, IMAGE_PIXELS, IMAGE_PIXELS]
        time_ids = torch.tensor([sizes], device=tokens.device, dtype=torch.float32)
        return {
            "encoder_hidden_states": text,
            "added_cond_kwargs": {
                "text_embeds": two.text_embeds,
                "time_ids": time_ids.expand(len(tokens), -1),
            },
        }

    def pipeline(
        self, vae: AutoencoderKL, networks: nn.ModuleDict, tokenizer: CLIPTokenizer
    ) -> StableDiffusionXLPipeline:
        return StableDiffusionXLPipeline(
            vae=vae,
            text_encoder=networks["text"],
            text_encoder_2=networks["text_2"],
            tokenizer=tokenizer,
            tokenizer_2=tokenizer,
            unet=networks["denoiser"],
            scheduler=EulerDiscreteScheduler(
                beta_start=0.00085,
                beta_end=0.012,
                beta_schedule="scaled_linear",
                timestep_spacing="leading",
                steps_offset=1,
            ),
            # An empty prompt is encoded, as in training, not replaced by zeros.
            force_zeros_for_empty_prompt=False,
            add_watermarker=False,
        )


MINI = MiniSdxl()
