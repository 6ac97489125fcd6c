"""What a run is asked to do, checked against the catalog when it is asked, not an hour later."""

from collections.abc import Sequence
from typing import Any

from sdqviz.base.config import complete
from sdqviz.base.errors import SdqvizError
from sdqviz.base.scene import Scene

QUANTIZE, GENERATE, COMPARE, ABLATE = "quantize", "generate", "compare", "ablate"
SCORE, LADDER, LEADERBOARD = "score", "ladder", "leaderboard"
KINDS = (QUANTIZE, GENERATE, COMPARE, ABLATE, SCORE, LADDER, LEADERBOARD)
WEIGHTS, ACTIVATIONS = "weights", "activations"  # parts that can be quantized alone
REFERENCE = "eager"  # the engine that the others are held against
DEFAULT_RECIPE = "fidelity"
FLOAT32 = "float32"
DTYPES = (FLOAT32, "float16", "bfloat16")


def recipe_entry(catalog: dict[str, Any], name: str) -> dict[str, Any]:
    """The catalog's entry of a recipe; an unknown name is refused with the known ones."""
    entries = {entry["name"]: entry for entry in catalog["recipes"]}
    if name not in entries:
        raise SdqvizError(f"unknown recipe {name!r}", f"there is {', '.join(entries)}")
    return entries[name]


def quantize_request(
    catalog: dict[str, Any],
    model: str,
    recipe: str = DEFAULT_RECIPE,
    preset: str = "quick",
    config: dict[str, Any] | None = None,
    model_config: str | None = None,
    device: str = "cpu",
    dtype: str = FLOAT32,
) -> dict[str, Any]:
    """The spec of a quantize run: the preset's values with `config` on top, all checked."""
    entry = recipe_entry(catalog, recipe)
    if config is not None and not isinstance(config, dict):
        raise SdqvizError(f"config is a {type(config).__name__}", "give an object: {NAME: VALUE}")
    values = {**_preset(entry, preset), **(config or {})}
    return {
        "model": model,
        "model_config": model_config,
        "recipe": recipe,
        "preset": preset,
        "config": complete(entry["schema"], values, recipe),
        "device": device,
        "dtype": check_dtype(dtype),
    }


def check_dtype(dtype: str) -> str:
    """The FP model's number format, if it is one that sdqviz loads."""
    if dtype not in DTYPES:
        raise SdqvizError(f"unknown dtype {dtype!r}", f"there is {', '.join(DTYPES)}")
    return dtype


def generate_request(run: str, scene: Scene, only: str = "", engine: str = "") -> dict[str, Any]:
    """The spec of a generate run: one scene under the models of a finished quantize run.

    With `only` the quantized model is the FP one with just that part quantized: "weights",
    "activations", or a layer's name. `engine` names the one that is to compute its layers; empty
    takes the best that serves.
    """
    if engine and only in (WEIGHTS, ACTIVATIONS):
        raise SdqvizError(
            f"the {only} alone are computed in floating point, not by the engine {engine}",
            "leave out one of the two",
        )
    spec: dict[str, Any] = {"run": run, "scene": scene.as_dict()}
    return {**spec, **{k: v for k, v in (("only", only), ("engine", engine)) if v}}


def compare_request(
    model: str,
    other: str,
    scenes: Sequence[Scene],
    *,
    model_config: str | None = None,
    device: str = "cpu",
    dtype: str = FLOAT32,
    lpips_net: str = "alex",
) -> dict[str, Any]:
    """The spec of a compare run: scenes under an FP model and under `other`, a quantized folder."""
    return {
        "model": model,
        "model_config": model_config,
        "other": other,
        "device": device,
        "dtype": check_dtype(dtype),
        "lpips_net": lpips_net,
        "scenes": [scene.as_dict() for scene in scenes],
    }


def score_request(run: str, fetch: str = "") -> dict[str, Any]:
    """The spec of a score run: a finished run by the metrics that it was not scored by. `fetch`
    names the LPIPS backbone to download first.
    """
    return {"run": run, **({"fetch": fetch} if fetch else {})}


def changed_from_preset(catalog: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """The config values that differ from the preset: what the equivalent command must say.

    Settings of an older version that the recipe no longer has are left out.
    """
    base = preset_config(catalog, spec["recipe"], spec["preset"])
    return {k: v for k, v in spec["config"].items() if k in base and v != base[k]}


def preset_config(catalog: dict[str, Any], recipe: str, preset: str) -> dict[str, Any]:
    """Every setting of a recipe with its value in a preset."""
    entry = recipe_entry(catalog, recipe)
    return complete(entry["schema"], _preset(entry, preset), recipe)


def _preset(entry: dict[str, Any], preset: str) -> dict[str, Any]:
    if preset not in entry["presets"]:
        raise SdqvizError(
            f"unknown preset {preset!r} of {entry['name']}",
            f"there is {', '.join(entry['presets'])}",
        )
    return entry["presets"][preset]
