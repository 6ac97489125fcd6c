"""What a family gives to everything else, and which family a model belongs to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.registry import found
from sdqviz.base.scene import AUTO, Scene

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


def sampler_of(family: Family, wanted: str) -> str:
    """The wanted sampler, or the family's usual one for "auto". Raises where it does not fit."""
    if wanted == AUTO:
        return family.samplers[0]
    if wanted not in family.samplers:
        raise SdqvizError(
            f"sampler {wanted!r} does not fit {family.name}",
            f"choose {AUTO} or {', '.join(family.samplers)}",
        )
    return wanted


def family_of_network(network: nn.Module) -> Family:
    """The family of a denoising network alone, from its class and config."""
    folder = "unet" if type(network).__name__.startswith("UNet") else "transformer"
    config = dict(network.config)  # type: ignore[call-overload]
    reasons = []
    for family in found(PACKAGE, "FAMILY").values():
        if family.network_folder == folder:
            reason = family.mismatch(config)
            if reason is None:
                return family
            reasons.append(f"not {family.name}: {reason}")
    raise SdqvizError("; ".join(reasons), "give a network of a supported model")


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
