"""What a family gives to everything else, and which family a model belongs to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.registry import found
from sdqviz.base.scene import AUTO, OWN, Scene
from sdqviz.diffusion.schedulers import own_sampler

PACKAGE = "sdqviz.families"


@dataclass
class Model:
    """A loaded model: its pipeline's parts, and the denoising network apart from them. `encoded`:
    the conditioning of scenes that were encoded (see `families.encoding`), on the CPU.
    """

    family: "Family"
    source: str
    network: nn.Module
    pipeline: Any  # a diffusers pipeline whose network is `network`
    scheduler_config: dict[str, Any]
    encoded: dict[Any, dict[str, Any]] = field(default_factory=dict)

    @property
    def own_scheduler(self) -> str:
        """The diffusers class that the model's folder samples with."""
        return str(self.scheduler_config["_class_name"])

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device


class Family(Protocol):
    name: str
    pipeline_class: str  # as model_index.json names it
    network_folder: str  # "unet" or "transformer"
    samplers: tuple[str, ...]  # that fit it, the usual one first
    guidance: float  # that it is usually drawn with
    native_pixels: int  # the side of the published model's pictures
    sizes: tuple[tuple[int, int], ...]  # other (width, height) that it draws well
    latent_statistics: bool  # whether its pipeline decodes with the latents' mean and deviation
    latent_shift: bool  # or with a shift factor
    block_classes: tuple[str, ...]  # whose outputs inter-layer distillation compares

    def mismatch(self, network_config: dict[str, Any]) -> str | None:
        """Why a network with this config is not of this family, or None if it is."""
        ...

    def load(self, folder: Path, dtype: torch.dtype, **parts: Any) -> Any:
        """The diffusers pipeline of a local folder, with these parts instead of its own."""
        ...

    def absent(self, folder: Path) -> dict[str, None]:
        """The optional parts that a folder's index leaves out."""
        ...

    def roles(self, network: nn.Module) -> dict[str, str]:
        """Module name -> role (`layers.plan`) for every layer that is not an ordinary one."""
        ...

    def joined(self, network: nn.Module) -> dict[str, int]:
        """Layer -> how many of its input channels come first, where its input is two tensors side
        by side: a decoder's own and the shortcut's from its encoder.
        """
        ...

    def middle(self, network: nn.Module) -> str:
        """The block half way through, whose input stands for what the network sees of a call."""
        ...

    def latent_shape(self, model: Model, scene: Scene) -> tuple[int, int, int]: ...

    def condition(self, model: Model, scene: Scene) -> dict[str, torch.Tensor]:
        """The network's keyword arguments for the scene, unconditional branch first."""
        ...

    def truncated(self, model: Model, scene: Scene) -> str | None:
        """The part of the prompt that the text encoder does not read, if any."""
        ...

    def decode(self, model: Model, latents: torch.Tensor) -> np.ndarray:
        """The picture uint8 [H, W, 3] of final latents float32 [C, h, w]."""
        ...


def sampler_of(family: Family, wanted: str, own: str | None = None) -> str:
    """The wanted sampler. For "auto" that of the model's own scheduler class `own`, or without one
    the family's usual. Raises where it does not fit.
    """
    if wanted == AUTO:
        name = family.samplers[0] if own is None else own_sampler(own)
        return name if name in family.samplers else OWN
    if wanted not in family.samplers:
        raise SdqvizError(
            f"sampler {wanted!r} does not fit {family.name}",
            f"choose {AUTO} or {', '.join(family.samplers)}",
        )
    return wanted


def family_of(pipeline_class: str, network_config: dict[str, Any]) -> Family:
    """The family of a pipeline class and network config; a near miss is named."""
    families = found(PACKAGE, "FAMILY")
    near = []
    for family in families.values():
        if family.pipeline_class != pipeline_class:
            continue
        reason = family.mismatch(network_config)
        if reason is None:
            return family
        near.append(f"not {family.name}: {reason}")
    supported = ", ".join(f"{f.name} ({f.pipeline_class})" for f in families.values())
    detail = "; ".join(near) or f"{pipeline_class} is not supported"
    raise SdqvizError(detail, f"supported: {supported}")
