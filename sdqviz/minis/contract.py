"""What a mini's family says of it: its networks, how they are conditioned and what they learn."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch
from diffusers import AutoencoderKL, DiffusionPipeline
from torch import nn
from transformers import CLIPTokenizer

from sdqviz.base.assets import assets_folder

PACKAGE = "sdqviz.minis"

# call(noisy latents [B, C, h, w], timesteps [B]) -> prediction [B, C, h, w], already conditioned
Call = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Mini(Protocol):
    name: str  # the family's
    about: str  # the model card's first sentence
    objective: Callable[[Call, torch.Tensor], torch.Tensor]  # the loss of latents [B, C, h, w]

    def autoencoder(self) -> AutoencoderKL: ...

    def networks(self, tokenizer: CLIPTokenizer) -> nn.ModuleDict:
        """ "denoiser" and the text encoders, untrained."""
        ...

    def condition(self, networks: nn.ModuleDict, tokens: torch.Tensor) -> dict[str, Any]:
        """The denoiser's keyword arguments for tokens int64 [B, 77]."""
        ...

    def pipeline(
        self, vae: AutoencoderKL, networks: nn.ModuleDict, tokenizer: CLIPTokenizer
    ) -> DiffusionPipeline: ...


def borrowed_autoencoder() -> AutoencoderKL:
    """mini-sd1's, for the families that have the same kind."""
    folder = assets_folder() / "models" / "mini-sd1" / "vae"
    return AutoencoderKL.from_pretrained(folder, local_files_only=True)


def open_pipeline(folder: Path) -> DiffusionPipeline:
    """A mini's folder as the pipeline its index names, absent optional parts left out."""
    config = DiffusionPipeline.load_config(folder, local_files_only=True)
    absent = {k: None for k, v in config.items() if isinstance(v, list) and v[0] is None}
    return DiffusionPipeline.from_pretrained(folder, local_files_only=True, **absent)
