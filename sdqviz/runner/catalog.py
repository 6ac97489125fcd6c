"""What the UI may offer: families, models, recipes, engines, metrics, each with its schema."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from sdqviz.base.assets import assets_folder
from sdqviz.base.config import schema
from sdqviz.base.registry import found
from sdqviz.base.scene import Scene
from sdqviz.families.contract import PACKAGE as FAMILIES
from sdqviz.families.loading import family_of_folder
from sdqviz.families.published import PUBLISHED
from sdqviz.families.sources import how_to_get, minis
from sdqviz.kernels.contract import PACKAGE as KERNELS
from sdqviz.kernels.measured import summary
from sdqviz.metrics.contract import metrics
from sdqviz.metrics.sets.contract import set_metrics
from sdqviz.quant.spec import ActivationSpec
from sdqviz.recipes.contract import PACKAGE as RECIPES
from sdqviz.recipes.contract import Step
from sdqviz.runner import machine
from sdqviz.runner.estimate import stored_parameters
from sdqviz.runner.local_models import local_models
from sdqviz.runner.machine import device_free_bytes
from sdqviz.runner.prompts import prompt_set, prompts, usual_guidance

_EXAMPLES = 6
FORMAT = 2  # raised when an older page could not read a newer worker's catalog, or the reverse


def static_catalog() -> dict[str, Any]:
    """The part that is the same on every machine: what ships as the snapshot."""
    return {
        "format": FORMAT,
        "families": {
            family.name: {
                "samplers": family.samplers,
                "guidance": family.guidance,
                "native_pixels": family.native_pixels,
                "sizes": family.sizes,
            }
            for family in found(FAMILIES, "FAMILY").values()
        },
        "models": [_mini(name, folder) for name, folder in minis().items()],
        "examples": examples("general"),  # for models that are not in the list
        "published": [
            {
                "name": model.hub_id,
                "title": model.name,
                "family": model.family,
                "licence": model.licence,
                "gated": model.gated,
                "parameters": model.parameters,
                "command": how_to_get(model.hub_id),
            }
            for model in PUBLISHED
        ],
        "recipes": [
            {
                "name": recipe.name,
                "label": recipe.label,
                "summary": recipe.summary,
                "paper": recipe.paper,
                "families": list(recipe.families),
                "presets": {name: dict(preset) for name, preset in recipe.presets.items()},
                "schema": recipe.schema(),
                "stages": [_stage(step) for step in recipe.steps],
            }
            for recipe in found(RECIPES, "RECIPE").values()
        ],
        "scene": schema(Scene),
        "metrics": [
            {
                "name": metric.name,
                "label": metric.label,
                "direction": metric.direction,
                "settings": metric.settings,
            }
            for metric in metrics().values()
        ],
    }


def build_catalog(home: Path) -> dict[str, Any]:
    """The whole catalog of this machine."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    engines = found(KERNELS, "ENGINE").values()
    return {
        **static_catalog(),
        "engines": [
            {
                "name": engine.name,
                "arithmetic": engine.arithmetic,
                "refusal": engine.refusal(device, ActivationSpec()),
            }
            for engine in engines
        ],
        "measured": summary(home),
        "unavailable_metrics": {
            name: metric.unavailable() for name, metric in {**metrics(), **set_metrics()}.items()
        },
        "local": local_models(home),
        "device_free_bytes": device_free_bytes("cuda"),
        "devices": ["cpu", *(["cuda"] if torch.cuda.is_available() else [])],
        "torch": torch.__version__,
        "machine": machine.describe(home),
    }


def _stage(step: Step) -> dict[str, Any]:
    return {
        "name": step.stage.name,
        "label": step.stage.label,
        "can_finish_early": step.stage.can_finish_early,
        "when": step.when,
        "fixed": dict(step.fixed),
        "needs": asdict(step.stage.needs),
    }


def examples(name: str) -> list[str]:
    """Prompts of a bundled list for visitors to try: no run scores them."""
    return prompts(name, "tune")[-_EXAMPLES:]


def _mini(name: str, folder: Path) -> dict[str, Any]:
    family = family_of_folder(folder)
    parameters = stored_parameters(folder / family.network_folder)
    return {
        "name": name,
        "family": family.name,
        "parameters": parameters,
        "guidance": usual_guidance(name, family),
        "examples": examples(prompt_set(name)),
    }


SNAPSHOT = "catalog.json"


def write_snapshot() -> Path:
    target = assets_folder() / SNAPSHOT
    text = json.dumps(static_catalog(), separators=(",", ":"))  # a page reads it, nobody else
    target.write_text(text + "\n", encoding="utf-8")
    return target
