"""Stable Diffusion v1: CLIP text encoder, epsilon-predicting UNet, f8 autoencoder."""

from typing import Any

from sdqviz.families.unet import UNetFamily


class StableDiffusion1(UNetFamily):
    name = "sd1"
    pipeline_class = "StableDiffusionPipeline"
    guidance = 7.5
    native_pixels = 512
    sizes = ((768, 512), (640, 512), (512, 640), (512, 768))

    def mismatch(self, network_config: dict[str, Any]) -> str | None:
        if network_config.get("in_channels") != 4:
            return f"its network takes {network_config.get('in_channels')} channels, not 4"
        if network_config.get("use_linear_projection"):
            return "it has linear projections, as v2 has"
        if network_config.get("addition_embed_type"):
            return "it has pooled text conditioning, as XL has"
        return None


FAMILY = StableDiffusion1()
