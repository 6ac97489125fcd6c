"""A result depends on its request alone, never on what the store met before."""

from typing import Any

import pytest

from sdqviz.base.request import quantize_request
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.models import ModelCache
from sdqviz.store.store import Store
from tests.contracts.recipes import NAMES, known
from tests.harness import context_of, recipe_of, run_until

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
# The stages of these two are all recipes' but for a few, of which these requests are enough.
FIRST = ("round_nearest", "fidelity")
OTHERS: list[dict[str, Any]] = [{}, {"samples": 3, "iterations": 2, "activation_bits": 7}]


@pytest.fixture(scope="module")
def models():
    return ModelCache()


def packed(store, models, tiny_folder, recipe, values):
    """The blob of the packed student: its name is the hash of its bytes."""
    spec = quantize_request(static_catalog(), str(tiny_folder), recipe, "quick", values)
    context = context_of(store, spec, models)
    run_until(context, spec, [step.stage.name for step in recipe_of(spec).steps][-2])
    return context.result["packed"]


def _always_or_slow(recipe):
    """The others differ from `q_diffusion` by a choice or a correction, which have own tests."""
    always = recipe in (*FIRST, "q_diffusion")
    return recipe if always else pytest.param(recipe, marks=pytest.mark.slow)


@pytest.mark.parametrize("recipe", [_always_or_slow(name) for name in NAMES])
def test_a_used_store_gives_the_bytes_of_a_fresh_one(tmp_path, models, tiny_folder, recipe):
    requests = []
    for values in REQUESTS if recipe in FIRST else OTHERS:
        if known(recipe, values) not in requests:
            requests.append(known(recipe, values))
    used = Store(tmp_path / "used")
    differ = []
    for number, values in enumerate(requests):
        once = packed(used, models, tiny_folder, recipe, values)
        if once != packed(Store(tmp_path / str(number)), models, tiny_folder, recipe, values):
            differ.append(values)
    assert not differ
    assert len(requests) > (4 if recipe in FIRST else 1)
