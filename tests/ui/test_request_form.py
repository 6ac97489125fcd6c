"""The Quantize form gives back the spec that it was filled with."""

import json
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


def filled_in(form: RequestForm, updates: list[Any]) -> list[Any]:
    return [value_of(c, u) for c, u in zip(form.inputs, updates, strict=False)]


def test_untouched_it_asks_for_the_preset_and_shows_its_values(form):
    values = [value_of(component) for component in form.inputs]
    assert form.request(CATALOG, *values) == quantize_request(CATALOG, "mini-sd1")
    assert form.fields["training_steps"].value == 40  # quick's, not the stage's


@pytest.mark.parametrize(
    "case",
    [
        {"model": "mini-sd3", "recipe": "round_nearest", "preset": "balanced"},
        # Equal to the stage's default, but not to the preset's value.
        {"model": "m", "preset": "quick", "config": {"calibration_scenes": 4}},
        {"model": "a/b", "preset": "paper", "dtype": "float16", "config": {"freezing": False}},
    ],
)
def test_a_clone_asks_for_the_same_run_and_shows_it(form, case):
    spec = quantize_request(CATALOG, **case)
    updates = form.filled(CATALOG, spec)
    assert len(updates) == len(form.outputs)
    assert form.request(CATALOG, *filled_in(form, updates)) == spec
    shown = dict(zip(form.fields, updates[len(form.inputs) + 1 :], strict=False))
    for name, update in shown.items():
        assert update["visible"] == (name in spec["config"])
        assert name not in spec["config"] or update["value"] == spec["config"][name]


def test_only_what_changed_is_sent(form):
    assert len(form.inputs) == 6
    values = [value_of(component) for component in form.inputs]
    values[-1] = json.dumps({"training_steps": 12})
    wanted = quantize_request(CATALOG, "mini-sd1", config={"training_steps": 12})
    assert form.request(CATALOG, *values) == wanted


def test_a_shared_setting_is_one_field_and_follows_the_recipe(form):
    assert len({id(field) for field in form.fields.values()}) == len(form.fields)
    changes = json.dumps({"weight_bits": 3, "training_steps": 12})
    _, *updates = form.show_recipe(CATALOG, "round_nearest", "quick", changes)
    shown = dict(zip(form.fields, updates, strict=False))
    assert shown["weight_bits"]["value"] == 3  # what the visitor changed stays
    assert shown["equalise"]["value"] is False  # each recipe has its own default
    assert shown["training_steps"]["visible"] is False
    values = ["mini-sd1", "round_nearest", "quick", "cpu", "float32", changes]
    wanted = quantize_request(CATALOG, "mini-sd1", "round_nearest", config={"weight_bits": 3})
    assert form.request(CATALOG, *values) == wanted


def test_a_preset_sets_its_values_and_leaves_other_changes(form):
    changes = json.dumps({"training_steps": 12, "batch": 4})
    kept, *updates = form.show_preset(CATALOG, "fidelity", "paper", changes)
    assert json.loads(kept) == {"batch": 4}
    shown = dict(zip(form.fields, updates, strict=False))
    assert shown["training_steps"]["value"] == 20_000
    assert shown["batch"] == gr.skip()
    _, *back = form.show_preset(CATALOG, "fidelity", "quick", kept)
    assert dict(zip(form.fields, back, strict=False))["steps"]["value"] == 25  # the usual again


def test_an_emptied_field_takes_the_presets_value_and_a_foreign_recipe_is_refused(form):
    values = [value_of(component) for component in form.inputs]
    values[-1] = json.dumps({"training_steps": None})
    assert form.request(CATALOG, *values)["config"]["training_steps"] == 40
    for wrong in ("{", "[1]"):
        with pytest.raises(SdqvizError, match="reload the page"):
            form.request(CATALOG, *values[:-1], wrong)
    spec = quantize_request(CATALOG, "mini-sd1")
    with pytest.raises(SdqvizError, match="unknown recipe"):
        form.filled(CATALOG, {**spec, "recipe": "gone"})


def test_what_matters_most_stands_first():
    first = {e["name"] for r in CATALOG["recipes"] for e in r["schema"] if e["first"]}
    scenes = {"calibration_scenes", "held_out_scenes"}
    lengths = {"training_steps", "iterations", "samples"}  # of what a method trains or rebuilds
    assert first == {"weight_bits", "activation_bits", *lengths, *scenes}
