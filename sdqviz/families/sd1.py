"""Stable Diffusion v1: CLIP text encoder, epsilon-predicting UNet, f8 autoencoder."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from torch import nn

from sdqviz.base.scene import Scene
from sdqviz.families.contract import Model
from sdqviz.layers.plan import CONDITIONING, FIRST, LAST, TIME


class StableDiffusion1:
    name = "sd1"
    pipeline_class = "StableDiffusionPipeline"
    network_folder = "unet"
    block_classes = ("ResnetBlock2D", "Transformer2DModel", "Downsample2D", "Upsample2D")

    def mismatch(self, network_config: dict[str, Any]) -> str | None:
        if network_config.get("in_channels") != 4:
            return f"its network takes {network_config.get('in_channels')} channels, not 4"
        if network_config.get("use_linear_projection"):
            return "it has linear projections, as v2 has"
        if network_config.get("addition_embed_type"):
            return "it has pooled text conditioning, as XL has"
        return None

    def load(self, folder: Path, dtype: torch.dtype) -> StableDiffusionPipeline:
        return StableDiffusionPipeline.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, local_files_only=True
        )

    def roles(self, network: nn.Module) -> dict[str, str]:
        roles = {"conv_in": FIRST, "conv_out": LAST}
        for name, _ in network.named_modules():
            if name.endswith(("attn2.to_k", "attn2.to_v")):
                roles[name] = CONDITIONING
            elif name.startswith("time_embedding.") or name.endswith(".time_emb_proj"):
                roles[name] = TIME
        return roles

    def latent_shape(self, model: Model, scene: Scene) -> tuple[int, int, int]:
        scale = model.pipeline.vae_scale_factor
        config = dict(model.network.config)  # type: ignore[call-overload]
        own = config["sample_size"] * scale
        height, width = scene.height or own, scene.width or own
        return int(config["in_channels"]), int(height // scale), int(width // scale)

    @torch.no_grad()
    def condition(self, model: Model, scene: Scene) -> dict[str, torch.Tensor]:
        conditional, unconditional = model.pipeline.encode_prompt(
            scene.prompt,
            device=model.device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=scene.guided,
            negative_prompt=scene.negative_prompt,
        )
        branches = [unconditional, conditional] if scene.guided else [conditional]
        return {"encoder_hidden_states": torch.cat(branches)}

    def truncated(self, model: Model, scene: Scene) -> str | None:
        tokenizer = model.pipeline.tokenizer
        tokens = tokenizer(scene.prompt, truncation=False).input_ids
        limit = tokenizer.model_max_length
        if len(tokens) <= limit:
            return None
        return tokenizer.decode(tokens[limit - 1 : -1])

    @torch.no_grad()
    def decode(self, model: Model, latents: torch.Tensor) -> np.ndarray:
        vae = model.pipeline.vae
        scaled = latents.unsqueeze(0).to(vae.device, vae.dtype) / vae.config.scaling_factor
        picture = vae.decode(scaled).sample[0].to("cpu", torch.float32)
        unit = (picture / 2 + 0.5).clamp(0, 1).permute(1, 2, 0)
        return (unit * 255).round().to(torch.uint8).numpy()


FAMILY = StableDiffusion1()
