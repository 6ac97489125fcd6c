"""The scheduler config of a folder as its diffusers pipeline will hold it, read without weights."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.diffusion.schedulers import scheduler_class
from sdqviz.families.sources import read_json

# What versions before this one sampled with, whatever the folder said.
_SET_BEFORE: dict[str, Any] = {
    "timestep_spacing": "leading",
    "steps_offset": 1,
    "clip_sample": False,
    "skip_prk_steps": True,
    "algorithm_type": "dpmsolver++",
}


def scheduler_config(folder: Path) -> dict[str, Any]:
    """Every key of the folder's scheduler, with its class's defaults, and `_class_name`."""
    index = read_json(folder / "model_index.json")
    named = index.get("scheduler")
    if not (isinstance(named, list) and len(named) == 2 and isinstance(named[1], str)):
        raise SdqvizError(
            f"{folder} names no scheduler", "its model_index.json must name one of diffusers"
        )
    kind = scheduler_class(named[1])
    parameters = inspect.signature(kind.__init__).parameters.items()
    defaults = {k: p.default for k, p in parameters if p.default is not inspect.Parameter.empty}
    config = {**defaults, **read_json(folder / "scheduler" / "scheduler_config.json")}
    if index.get("_class_name") == "StableDiffusionPipeline":  # it corrects these two itself
        corrected = {"steps_offset": 1, "clip_sample": False}
        config.update({k: v for k, v in corrected.items() if k in config})
    return {**config, "_class_name": kind.__name__}


def read_otherwise_before(folder: Path) -> dict[str, Any]:
    """The entries of the folder's configs that older versions did not honour: what they made of
    such a model must not be taken for what is made now.
    """
    config = scheduler_config(folder)
    changed = {k: config[k] for k, v in _SET_BEFORE.items() if config.get(k, v) != v}
    for part in ("vae", "unet"):
        file = folder / part / "config.json"
        found = read_json(file) if file.is_file() else {}
        changed |= _told(found, ("latents_mean", "latents_std", "time_cond_proj_dim"))
    return changed


def _told(config: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: config[key] for key in keys if config.get(key) is not None}
