"""What all families share: a diffusers pipeline with tokenizers and an autoencoder."""

from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch

from sdqviz.base.scene import Scene
from sdqviz.families.components import variant_of
from sdqviz.families.contract import Model
from sdqviz.families.sources import read_json

# About a million pixels in the proportions that XL was trained on (Podell et al. 2023, appendix I).
MEGAPIXEL_SIZES = (
    (1536, 640),
    (1344, 768),
    (1216, 832),
    (1152, 896),
    (896, 1152),
    (832, 1216),
    (768, 1344),
    (640, 1536),
)


class PipelineFamily:
    """Loads, measures and decodes; a family adds its roles and its conditioning."""

    pipeline_class: str
    network_folder: str
    optional: tuple[str, ...] = ()  # parts that a pipeline works without

    def load(self, folder: Path, dtype: torch.dtype, **parts: Any) -> Any:
        return getattr(diffusers, self.pipeline_class).from_pretrained(
            folder,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            variant=variant_of(folder),
            **{**self.absent(folder), **parts},
        )

    def absent(self, folder: Path) -> dict[str, None]:
        """The optional parts that the folder's index leaves out, as diffusers wants to hear it."""
        index = read_json(folder / "model_index.json")
        return {name: None for name in self.optional if (index.get(name) or [None])[0] is None}

    def latent_shape(self, model: Model, scene: Scene) -> tuple[int, int, int]:
        height, width = self.pixels(model, scene)
        scale = model.pipeline.vae_scale_factor
        return int(model.network.config["in_channels"]), height // scale, width // scale

    def pixels(self, model: Model, scene: Scene) -> tuple[int, int]:
        """(height, width) of the scene's picture."""
        own = model.network.config["sample_size"] * model.pipeline.vae_scale_factor
        return int(scene.height or own), int(scene.width or own)

    def truncated(self, model: Model, scene: Scene) -> str | None:
        tokenizer = model.pipeline.tokenizer
        tokens = tokenizer(scene.prompt, truncation=False).input_ids
        limit = tokenizer.model_max_length
        return None if len(tokens) <= limit else tokenizer.decode(tokens[limit - 1 : -1])

    @torch.no_grad()
    def decode(self, model: Model, latents: torch.Tensor) -> np.ndarray:
        vae = model.pipeline.vae
        if vae.dtype == torch.float16 and vae.config.get("force_upcast"):
            vae.to(torch.float32)  # XL's own autoencoder overflows in float16
        scaled = latents.unsqueeze(0).to(vae.device, vae.dtype) / vae.config.scaling_factor
        picture = vae.decode(scaled + (vae.config.get("shift_factor") or 0.0)).sample
        unit = (picture[0].to("cpu", torch.float32) / 2 + 0.5).clamp(0, 1).permute(1, 2, 0)
        return (unit * 255).round().to(torch.uint8).numpy()
