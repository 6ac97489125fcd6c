"""The Quantize form gives back the spec that it was filled with."""

from typing import Any

import gradio as gr
import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import quantize_request
from sdqviz.runner.catalog import static_catalog
from sdqviz.ui.context import AppContext
from sdqviz.ui.request_form import RequestForm
from sdqviz.ui.sidebar import build_sidebar

CATALOG = static_catalog()


@pytest.fixture
def form(store) -> RequestForm:
    nothing: Any = None
    context = AppContext(store, lambda: CATALOG, *[nothing] * 6)
    with gr.Blocks():
        return build_sidebar(context, gr.Tabs()).form


def value_of(component: Any, update: Any = None) -> Any:
    """What the form shows after an update, as a handler gets it."""
    if isinstance(update, dict):  # gr.update, gr.skip
        return update.get("value", component.value)
    return component.value if update is None else update


def test_untouched_it_asks_for_the_preset_and_shows_its_values(form):
    values = [value_of(component) for component in form.inputs]
    assert form.request(CATALOG, *values) == quantize_request(CATALOG, "mini-sd1")
    assert form.recipes["fidelity"].fields["training_steps"].value == 40  # quick's, not the class's


@pytest.mark.parametrize(
    "case",
    [
        {"model": "mini-sd3", "recipe": "round_nearest", "preset": "balanced"},
        # Equal to the class's default, but not to the preset's value.
        {"model": "m", "preset": "quick", "config": {"calibration_scenes": 4}},
        {"model": "a/b", "preset": "paper", "dtype": "float16", "config": {"freezing": False}},
    ],
)
def test_a_clone_asks_for_the_same_run(form, case):
    spec = quantize_request(CATALOG, **case)
    updates = form.filled(CATALOG, spec)
    assert len(updates) == len(form.outputs)
    values = [value_of(c, u) for c, u in zip(form.inputs, updates, strict=False)]
    assert form.request(CATALOG, *values) == spec
    shown = [group.visible for group in updates[-len(form.groups) :]]
    assert shown == [name == spec["recipe"] for name in form.recipes]


def test_a_preset_fills_its_fields_and_leaves_the_others(form):
    updates = form.show_preset("paper")
    values = {
        (owner, key): update
        for (owner, key), update in zip(
            [(o, k) for o, f in form.recipes.items() for k in f.fields], updates, strict=True
        )
    }
    assert values["fidelity", "training_steps"] == 20_000
    assert values["round_nearest", "steps"] == 50
    assert values["fidelity", "batch"] == gr.skip()
    back = dict(zip(values, form.show_preset("quick"), strict=True))
    assert back["fidelity", "steps"] == 25  # quick names no steps: the usual ones again


def test_an_emptied_field_takes_the_presets_value_and_a_foreign_recipe_is_refused(form):
    values = [value_of(component) for component in form.inputs]
    at = form.inputs.index(form.recipes["fidelity"].fields["training_steps"])
    values[at] = None
    assert form.request(CATALOG, *values)["config"]["training_steps"] == 40
    spec = quantize_request(CATALOG, "mini-sd1")
    with pytest.raises(SdqvizError, match="unknown recipe"):
        form.filled(CATALOG, {**spec, "recipe": "gone"})
