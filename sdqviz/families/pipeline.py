"""What all families share: a diffusers pipeline with tokenizers and an autoencoder."""

from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
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
    unread: tuple[str, ...] = ()  # of those, what no picture here needs, though an index names it
    latent_statistics = False  # whether its pipeline decodes with the latents' mean and std
    latent_shift = False  # or with a shift factor

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
        """The optional parts that the folder's index leaves out or that are not there, as diffusers
        wants to hear it.
        """
        index = read_json(folder / "model_index.json")
        named = {name for name in self.optional if (index.get(name) or [None])[0] is not None}
        unread = {name for name in self.unread if name in named and not _is_there(folder / name)}
        return dict.fromkeys(sorted({*self.optional} - named | unread))

    def joined(self, network: nn.Module) -> dict[str, int]:
        return {}

    def latent_shape(self, model: Model, scene: Scene) -> tuple[int, int, int]:
        """(C, h, w) of the scene. Raises SdqvizError for a size that the network cannot draw."""
        height, width = self.pixels(model, scene)
        scale = model.pipeline.vae_scale_factor
        step = scale * _patch(model)
        for name, side in (("height", height), ("width", width)):
            if side % step or side < step:
                near = max(step, round(side / step) * step)
                raise SdqvizError(
                    f"{name} is {side}, {self.name} draws multiples of {step} pixels", f"use {near}"
                )
            most = self.largest(model)
            if most and side > most:
                raise SdqvizError(
                    f"{name} is {side}, this model draws at most {most} pixels", f"use {most}"
                )
        return int(model.network.config["in_channels"]), height // scale, width // scale

    def largest(self, model: Model) -> int | None:
        """The most pixels a side that the network can draw, if it is bound."""
        most = model.network.config.get("pos_embed_max_size")
        return most and int(most) * _patch(model) * int(model.pipeline.vae_scale_factor)

    def pixels(self, model: Model, scene: Scene) -> tuple[int, int]:
        """(height, width) of the scene's picture."""
        side = model.network.config["sample_size"]
        if side is None and not (scene.height and scene.width):
            raise SdqvizError(
                f"sample_size of {self.network_folder}/config.json is null: the size of this "
                "model's own pictures is not known",
                "set it to the side of the latents, or give the scene's width and height",
            )
        high, wide = side if isinstance(side, (list, tuple)) else (side, side)
        scale = model.pipeline.vae_scale_factor
        return int(scene.height or high * scale), int(scene.width or wide * scale)

    def guided(self, model: Model, scene: Scene) -> bool:
        """Whether each step calls the network for an unconditional branch too. One that takes the
        guidance scale as an input was distilled to need none.
        """
        return scene.guided and _guidance_width(model) is None

    def guidance_input(self, model: Model, scene: Scene) -> dict[str, torch.Tensor]:
        """What the network is told of the guidance scale, if it takes that: float32 [1, D]."""
        width = _guidance_width(model)
        if width is None:
            return {}
        scale = torch.tensor([scene.guidance - 1.0])
        embedding = model.pipeline.get_guidance_scale_embedding(scale, embedding_dim=width)
        return {"timestep_cond": embedding.to(model.device)}

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
        given = latents.unsqueeze(0).to(vae.device, vae.dtype)
        picture = vae.decode(_unscaled(given, vae.config)).sample
        if not picture.isfinite().all():
            raise SdqvizError(
                f"the decoded picture is not finite ({self._why(latents, vae.dtype)})",
                "there is nothing to compare; try dtype float32 or bfloat16",
            )
        unit = (picture[0].to("cpu", torch.float32) / 2 + 0.5).clamp(0, 1).permute(1, 2, 0)
        return (unit * 255).round().to(torch.uint8).numpy()

    @staticmethod
    def _why(latents: torch.Tensor, dtype: torch.dtype) -> str:
        if not latents.isfinite().all():
            return "the sampled latents are not"
        return f"the autoencoder overflows in {str(dtype).removeprefix('torch.')}"


def _is_there(part: Path) -> bool:
    """Whether a part can be loaded without a pickle: a model has weights, a processor has none."""
    model = (part / "config.json").is_file()
    return part.is_dir() and (not model or any(part.glob("*.safetensors")))


def _patch(model: Model) -> int:
    """Latent pixels a side that the network takes together."""
    return int(model.network.config.get("patch_size") or 1)


def _guidance_width(model: Model) -> int | None:
    return model.network.config.get("time_cond_proj_dim")


def _unscaled(latents: torch.Tensor, config: Any) -> torch.Tensor:
    """The latents as the autoencoder takes them; which keys count for a family is checked as its
    model loads (`families.honoured`).
    """
    mean, std = config.get("latents_mean"), config.get("latents_std")
    if mean is not None and std is not None:
        column = {"dtype": latents.dtype, "device": latents.device}
        latents = latents * torch.tensor(std, **column).view(1, -1, 1, 1)
        return latents / config.scaling_factor + torch.tensor(mean, **column).view(1, -1, 1, 1)
    return latents / config.scaling_factor + (config.get("shift_factor") or 0.0)
