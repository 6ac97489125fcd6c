"""Stable Diffusion XL base: two text encoders, pooled text and picture sizes beside the time.

The time vector is the sum of what the timestep and what the pooled text and sizes give, then a
nonlinearity: no table over timesteps alone can hold a block's projection. So the projections
stay, their results are remembered for each (timestep, pooled text) of a scene.
"""

from typing import Any

import torch
from torch import nn

from sdqviz.base.scene import OWN, Scene
from sdqviz.families.contract import Model
from sdqviz.families.pipeline import MEGAPIXEL_SIZES
from sdqviz.families.unet import UNetFamily
from sdqviz.layers.plan import EMBEDDER, MODULATION


class StableDiffusionXL(UNetFamily):
    name = "sdxl"
    pipeline_class = "StableDiffusionXLPipeline"
    guidance = 5.0
    native_pixels = 1024
    sizes = MEGAPIXEL_SIZES
    latent_statistics = True
    optional = unread = ("feature_extractor", "image_encoder")
    samplers = ("euler", "ddim", "pndm", "dpmpp", OWN)

    def mismatch(self, network_config: dict[str, Any]) -> str | None:
        if network_config.get("in_channels") != 4:
            return f"its network takes {network_config.get('in_channels')} channels, not 4"
        if network_config.get("addition_embed_type") != "text_time":
            return "it has no pooled text and size conditioning"
        if network_config.get("projection_class_embeddings_input_dim") == 2560:
            return "it is the refiner, which only finishes pictures of the base model"
        return None

    def roles(self, network: nn.Module) -> dict[str, str]:
        roles = super().roles(network)
        for name, _ in network.named_modules():
            if name.startswith(("time_embedding.", "add_embedding.")):
                roles[name] = EMBEDDER
            elif name.endswith(".time_emb_proj"):
                roles[name] = MODULATION
        return roles

    @torch.no_grad()
    def condition(self, model: Model, scene: Scene) -> dict[str, Any]:
        pipeline = model.pipeline
        text, no_text, pooled, no_pooled = pipeline.encode_prompt(
            scene.prompt,
            device=model.device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=self.guided(model, scene),
            # None is zeros where the checkpoint asks for that; an empty text would be encoded.
            negative_prompt=scene.negative_prompt or None,
        )
        size = self.pixels(model, scene)
        sizes = pipeline._get_add_time_ids(
            size, (0, 0), size, text.dtype, pipeline.text_encoder_2.config.projection_dim
        ).to(model.device)
        if self.guided(model, scene):
            text, pooled = torch.cat([no_text, text]), torch.cat([no_pooled, pooled])
            sizes = torch.cat([sizes, sizes])
        return {
            "encoder_hidden_states": text,
            "added_cond_kwargs": {"text_embeds": pooled, "time_ids": sizes},
            **self.guidance_input(model, scene),
        }


FAMILY = StableDiffusionXL()
