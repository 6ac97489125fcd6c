"""Stable Diffusion v2: OpenCLIP text encoder, linear projections, a head count per level.

v2-1 at 768 pixels predicts v (Salimans and Ho 2022); its scheduler's config says so, and the
sampler follows that.
"""

from typing import Any

from sdqviz.base.scene import OWN
from sdqviz.families.unet import UNetFamily


class StableDiffusion2(UNetFamily):
    name = "sd2"
    pipeline_class = "StableDiffusionPipeline"
    guidance = 7.5
    native_pixels = 768
    sizes = ((1152, 768), (960, 768), (768, 960), (768, 1152))
    samplers = ("ddim", "pndm", "euler", "dpmpp", OWN)

    def mismatch(self, network_config: dict[str, Any]) -> str | None:
        if network_config.get("in_channels") != 4:
            return f"its network takes {network_config.get('in_channels')} channels, not 4"
        if not network_config.get("use_linear_projection"):
            return "it has no linear projections"
        if network_config.get("addition_embed_type"):
            return "it has pooled text conditioning, as XL has"
        return None


FAMILY = StableDiffusion2()
