"""Requests that keep every recipe found within seconds on a tiny model."""

from typing import Any

from sdqviz.base.registry import found
from sdqviz.base.request import quantize_request
from sdqviz.recipes.contract import PACKAGE as RECIPES
from sdqviz.runner.catalog import static_catalog
from tests.conftest import QUICK

# Of whatever options a recipe has: the fewest steps, samples and looks that still do everything.
SHORT = {
    **QUICK,
    **{"training_steps": 1, "training_scenes": 1, "rounds": 1, "batch": 2, "previews": 0},
    **{"weighting": "uniform", "precision": "fp32"},
    **{"samples": 4, "timesteps": 2, "iterations": 1, "range_iterations": 1, "block_batch": 2},
    **{"looks": 0},
}
NAMES = sorted(found(RECIPES, "RECIPE"))


def short(recipe: str, folder: Any, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """The recipe's quick request, as short as `known` makes it."""
    return quantize_request(
        static_catalog(), str(folder), recipe, "quick", known(recipe, values or {})
    )


def known(recipe: str, values: dict[str, Any]) -> dict[str, Any]:
    """SHORT and the values, as far as the recipe has an option for them."""
    entry = next(r for r in static_catalog()["recipes"] if r["name"] == recipe)
    names = {option["name"] for option in entry["schema"]}
    return {name: value for name, value in {**SHORT, **values}.items() if name in names}
