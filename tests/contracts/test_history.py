"""A result depends on its request alone, never on what the store met before."""

from typing import Any

import pytest

from sdqviz.base.registry import found
from sdqviz.base.request import quantize_request
from sdqviz.recipes.contract import PACKAGE as RECIPES
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.models import ModelCache
from sdqviz.store.store import Store
from tests.conftest import QUICK
from tests.harness import context_of, run_until

SHORT = {
    **QUICK,
    **{"training_steps": 1, "training_scenes": 1, "rounds": 1, "batch": 2, "previews": 0},
    **{"weighting": "uniform", "precision": "fp32"},
}
# One store meets all of these in turn; each is what the ones after it may be mistaken for.
REQUESTS: list[dict[str, Any]] = [
    {"activation_bits": 0, "time_rows": "sampler"},
    {"activation_bits": 0, "time_rows": "sampler", "steps": 5},
    {},
    {"eight_bit_fraction": 0.5},
    {"timestep_group": 2},
    {"per_timestep": False, "equalise": False},
    {"time_rows": "all", "weight_bits": 3, "group": 0},
    {"calibration_scenes": 2, "weighting": "influence"},
    {"source": "teacher"},
]


@pytest.fixture(scope="module")
def models():
    return ModelCache()


def given(recipe, values):
    """The values that the recipe has an option for."""
    entry = next(r for r in static_catalog()["recipes"] if r["name"] == recipe)
    known = {option["name"] for option in entry["schema"]}
    return {name: value for name, value in {**SHORT, **values}.items() if name in known}


def packed(store, models, tiny_folder, recipe, values):
    """The blob of the packed student: its name is the hash of its bytes."""
    spec = quantize_request(static_catalog(), str(tiny_folder), recipe, "quick", values)
    context = context_of(store, spec, models)
    run_until(context, spec, "pack")
    return context.result["packed"]


@pytest.mark.parametrize("recipe", sorted(found(RECIPES, "RECIPE")))
def test_a_used_store_gives_the_bytes_of_a_fresh_one(tmp_path, models, tiny_folder, recipe):
    requests = []
    for values in REQUESTS:
        if given(recipe, values) not in requests:
            requests.append(given(recipe, values))
    used = Store(tmp_path / "used")
    differ = []
    for number, values in enumerate(requests):
        once = packed(used, models, tiny_folder, recipe, values)
        if once != packed(Store(tmp_path / str(number)), models, tiny_folder, recipe, values):
            differ.append(values)
    assert not differ
    assert len(requests) > 4
