"""What a folder's configs ask for beside the architecture: honoured, or refused by the key's name.

The judge of what a key means is diffusers' own pipeline of the family.
"""

import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers

from sdqviz.base.errors import SdqvizError
from sdqviz.families.sources import read_json

# What training scripts leave in a network's config of their running average.
_AVERAGE = {
    *("decay", "inv_gamma", "min_decay", "optimization_step", "power"),
    *("update_after_step", "use_ema_warmup"),
}
_NOTHING = (None, False, [], {})
# Conditioning that no pipeline of these families gives.
_UNGIVEN = ("class_embed_type", "num_class_embeds", "encoder_hid_dim_type", "encoder_hid_dim")


def check_network(config: Mapping[str, Any], where: str) -> None:
    """Raises SdqvizError for a key of the network's config that would be left out in silence."""
    _check_known(config, where, {*_AVERAGE, "quantization_config"})
    for key in _UNGIVEN:
        if config.get(key) not in _NOTHING:
            raise SdqvizError(
                f"{key} of {where} is {config[key]!r}: sdqviz gives the network no such input",
                "use a model that is conditioned on text alone",
            )
    sides = config.get("sample_size")
    pair = sides if isinstance(sides, (list, tuple)) else [sides, sides]
    if sides is not None and not (len(pair) == 2 and all(type(s) is int and s > 0 for s in pair)):
        raise SdqvizError(
            f"sample_size of {where} is {sides!r}", "give the latents' side, or [height, width]"
        )


def check_autoencoder(config: Mapping[str, Any], where: str, statistics: bool, shift: bool) -> None:
    """Raises SdqvizError for a key of the autoencoder's config that its decoding would leave out.

    statistics, shift: whether the family's pipeline reads the latents' mean and standard deviation,
    and the shift factor.
    """
    _check_known(config, where, set())
    scale = config.get("scaling_factor", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not _usable(scale):
        raise SdqvizError(f"scaling_factor of {where} is {scale!r}", "give a number other than 0")
    mean, std = config.get("latents_mean"), config.get("latents_std")
    told = [f"latents_{name}" for name, v in (("mean", mean), ("std", std)) if v is not None]
    if told and not statistics:
        raise SdqvizError(
            f"{' and '.join(told)} of {where}: diffusers decodes this family without them",
            "set them to null if the network was trained without them",
        )
    if len(told) == 1:
        raise SdqvizError(f"{where} has {told[0]} alone", "give latents_mean and latents_std")
    channels = config.get("latent_channels", 4)
    for name, values in (("latents_mean", mean), ("latents_std", std)):
        if values is not None and not _numbers(values, channels):
            raise SdqvizError(
                f"{name} of {where} is {values!r}", f"give one number a channel, {channels}"
            )
    if config.get("shift_factor") and not shift:
        raise SdqvizError(
            f"shift_factor of {where} is {config['shift_factor']!r}: diffusers decodes this family "
            "without it",
            "set it to null if the network was trained without it",
        )


def check_configs(folder: Path, family: Any) -> None:
    """Raises SdqvizError for a key of the folder's network or autoencoder that is not honoured."""
    network = folder / family.network_folder / "config.json"
    check_network(read_json(network), _short(network))
    autoencoder = folder / "vae" / "config.json"
    check_autoencoder(
        read_json(autoencoder),
        _short(autoencoder),
        statistics=family.latent_statistics,
        shift=family.latent_shift,
    )


def _check_known(config: Mapping[str, Any], where: str, more: set[str]) -> None:
    kind = getattr(diffusers, str(config.get("_class_name")), None)
    if not inspect.isclass(kind):
        raise SdqvizError(
            f"{where} is of a {config.get('_class_name')}, which this diffusers does not have",
            "use a folder that diffusers saved",
        )
    known = {*inspect.signature(kind.__init__).parameters, *more}
    for key, value in config.items():
        if key not in known and key[0] != "_" and value not in _NOTHING:
            raise SdqvizError(
                f"{key} of {where} is not known to sdqviz: {kind.__name__} leaves it out",
                "remove it if the pictures need it not",
            )


def _usable(value: float) -> bool:
    return math.isfinite(value) and value != 0


def _numbers(values: Any, count: int) -> bool:
    return (
        isinstance(values, (list, tuple))
        and len(values) == count
        and all(isinstance(v, (int, float)) and math.isfinite(v) for v in values)
    )


def _short(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"
