"""Stable Diffusion 3: a transformer with joint attention, flow matching, 16 latent channels.

Its adaptive norms' linears depend on the timestep and the pooled text, never on the picture:
they keep FP inputs and are evaluated once for each (timestep, pooled text) of a scene.
"""

from typing import Any

import torch
from torch import nn

from sdqviz.base.scene import FLOW, OWN, Scene
from sdqviz.families.contract import Model
from sdqviz.families.pipeline import MEGAPIXEL_SIZES, PipelineFamily
from sdqviz.layers.plan import EMBEDDER, FIRST, LAST, MODULATION

_ADAPTIVE = ("norm1.linear", "norm1_context.linear", "norm_out.linear")


class StableDiffusion3(PipelineFamily):
    name = "sd3"
    pipeline_class = "StableDiffusion3Pipeline"
    guidance = 7.0
    native_pixels = 1024
    sizes = MEGAPIXEL_SIZES
    latent_shift = True
    network_folder = "transformer"
    # The large T5 encoder may be left out; the two CLIP encoders then carry the text alone.
    optional = ("text_encoder_3", "tokenizer_3", "image_encoder", "feature_extractor")
    samplers = (FLOW, OWN)
    block_classes = ("JointTransformerBlock",)

    def mismatch(self, network_config: dict[str, Any]) -> str | None:
        if network_config.get("in_channels") != 16:
            return f"its network takes {network_config.get('in_channels')} channels, not 16"
        if network_config.get("dual_attention_layers"):
            return "it has dual attention layers, as v3.5 medium has"
        if type(network_config.get("sample_size")) is not int:
            return f"its network's sample_size is {network_config.get('sample_size')!r}, not a side"
        if network_config.get("qk_norm"):
            return "it normalises queries and keys, as v3.5 does"
        return None

    def roles(self, network: nn.Module) -> dict[str, str]:
        roles = {"pos_embed.proj": FIRST, "proj_out": LAST, "context_embedder": EMBEDDER}
        for name, _ in network.named_modules():
            if name.endswith(_ADAPTIVE):
                roles[name] = MODULATION
            elif name.startswith("time_text_embed."):
                roles[name] = EMBEDDER
        return roles

    def middle(self, network: nn.Module) -> str:
        return f"transformer_blocks.{len(network.transformer_blocks) // 2}"  # type: ignore[arg-type]

    @torch.no_grad()
    def condition(self, model: Model, scene: Scene) -> dict[str, torch.Tensor]:
        text, no_text, pooled, no_pooled = model.pipeline.encode_prompt(
            scene.prompt,
            None,
            None,
            device=model.device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=scene.guided,
            negative_prompt=scene.negative_prompt,
        )
        if scene.guided:
            text, pooled = torch.cat([no_text, text]), torch.cat([no_pooled, pooled])
        return {"encoder_hidden_states": text, "pooled_projections": pooled}


FAMILY = StableDiffusion3()
