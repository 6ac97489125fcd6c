"""The Quantize form in the sidebar: its fields, the cost beside them, the button."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import DEFAULT_RECIPE, DTYPES, QUANTIZE
from sdqviz.store.demo import OWN_MACHINE
from sdqviz.store.limit_error import LimitError
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.contract import QUIET, TOLD
from sdqviz.ui.limit_line import limit_line
from sdqviz.ui.opening import Opening
from sdqviz.ui.reads import reads
from sdqviz.ui.request_form import NOTE_CHANGE, RequestForm, build_settings
from sdqviz.views.markup import html
from sdqviz.views.runs.card import duration
from sdqviz.views.runs.cost import cost_line, cost_words, unaffordable_line

PRESET = "quick"
LONG_SECONDS = 1800.0  # a run that is estimated to take longer asks once more
_START = "Quantize"


def build_quantize_form(context: AppContext, mine: gr.Textbox, opening: Opening) -> RequestForm:
    """Adds the form; `mine` gets the id of the run that is asked for."""
    catalog = context.catalog()
    with gr.Group():
        model, recipe, preset = _choices(catalog)
        cost = gr.HTML(elem_id="cost")
        start = gr.Button(_START, variant="primary", elem_id="quantize")
        limit = gr.HTML(elem_id="quantize-limit")
        form = _settings(catalog, model, recipe, preset)
    asked = gr.State("")  # the request that a long run was asked about

    @reads
    def show_cost(*values: Any) -> list[Any]:
        try:
            estimate = context.estimate(form.request(context.catalog(), *values))
        except SdqvizError as error:
            return [unaffordable_line(error), gr.Button(_START, variant="primary")]
        return [cost_line(estimate), gr.Button(_START, variant="primary")]

    def quantize(before: str, *values: Any) -> list[Any]:
        try:
            spec = form.request(context.catalog(), *values)
            estimate = context.estimate(spec)
            if estimate.seconds > LONG_SECONDS and before != str(spec):
                label = f"Start a run of about {duration(estimate.seconds)}"
                return [gr.skip(), str(spec), gr.Button(label, variant="stop"), gr.skip()]
            run_id = context.submit(QUANTIZE, spec)
        except LimitError as error:
            return [gr.skip(), "", gr.Button(_START, variant="primary"), limit_line(error)]
        except SdqvizError as error:
            raise as_toast(error) from error
        words = cost_words(estimate)
        gr.Info(f"Queued. Estimated: {words}. Close the tab if you like.", duration=6)
        return [run_id, "", gr.Button(_START, variant="primary"), ""]

    _follow_changes(context, form)
    shown = [component.change for component in form.inputs]
    gr.on(
        [*shown, gr.context.Context.root_block.load],  # type: ignore[union-attr]
        show_cost,
        form.inputs,
        [cost, start],
        trigger_mode="always_last",
        **QUIET,
    )
    start.click(quantize, [asked, *form.inputs], [mine, asked, start, limit], **TOLD)
    if context.demo is not None:
        opening.add(lambda query: _may_start(context), [start, limit])
    return form


def _may_start(context: AppContext) -> list[Any]:
    """A demo that quantizes nothing says so before anything is chosen."""
    if context.may_quantize:
        return [gr.Button(interactive=True), ""]
    told = f"This demo quantizes nothing. To quantize, {OWN_MACHINE}."
    return [gr.Button(interactive=False), html('<p class="sdq-limit">{}</p>', told)]


def _follow_changes(context: AppContext, form: RequestForm) -> None:
    """Fields note what a visitor changed; the method and the preset show what they stand for."""
    for name, field in form.fields.items():
        field.input(None, [form.changes, field], form.changes, js=NOTE_CHANGE.format(name=name))
    asked = [form.recipe, form.preset, form.changes]
    for field, show, outputs in (
        (form.recipe, form.show_recipe, [form.recipe, *form.settings]),
        (form.preset, form.show_preset, [form.changes, *form.settings]),
    ):
        field.input(_shown(context, show), asked, outputs, **QUIET)


def _shown(context: AppContext, show: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    @reads
    def handler(*values: Any) -> list[Any]:
        try:
            return show(context.catalog(), *values)
        except SdqvizError as error:
            raise as_toast(error) from error

    return handler


def _choices(catalog: dict[str, Any]) -> tuple[gr.Dropdown, gr.Dropdown, gr.Radio]:
    models, recipes, first = models_of(catalog), catalog["recipes"], _usual(catalog)
    model = gr.Dropdown(
        label="Model",
        info="A mini, a local folder, or a hub id that was fetched.",
        choices=models,
        value=models[0][1] if models else None,
        allow_custom_value=True,
        elem_id="model",
    )
    recipe = gr.Dropdown(
        label="Method",
        info=first["summary"],
        elem_id="method",
        choices=[(entry["label"], entry["name"]) for entry in recipes],
        value=first["name"],
    )
    preset = gr.Radio(
        label="Preset", choices=list(first["presets"]), value=PRESET, elem_id="preset"
    )
    return model, recipe, preset


def _usual(catalog: dict[str, Any]) -> dict[str, Any]:
    recipes = catalog["recipes"]
    return next((r for r in recipes if r["name"] == DEFAULT_RECIPE), recipes[0])


def _settings(
    catalog: dict[str, Any], model: gr.Dropdown, recipe: gr.Dropdown, preset: gr.Radio
) -> RequestForm:
    changes = gr.Textbox("{}", visible="hidden", elem_id="changes")
    fields, groups, parts = build_settings(catalog, _usual(catalog)["name"], PRESET)
    with parts["advanced"], gr.Group():
        device = gr.Dropdown(
            label="Device", info="Where both models compute.", elem_id="device", **devices(catalog)
        )
        dtype = gr.Dropdown(
            label="Precision of the FP model",
            info="Half precision takes half the memory.",
            choices=list(DTYPES),
            value=DTYPES[0],
            elem_id="dtype",
        )
    return RequestForm(
        model, recipe, preset, device, dtype, changes, parts["advanced"], fields, groups
    )


def devices(catalog: dict[str, Any]) -> dict[str, Any]:
    """The devices to choose from, the fastest first chosen; one alone is no choice."""
    known = catalog.get("devices", ["cpu"])
    return {"choices": known, "value": known[-1], "visible": len(known) > 1}


def models_of(catalog: dict[str, Any]) -> list[tuple[str, str]]:
    """(label, name): the minis, then what is on this machine, then what can be fetched."""
    published = {model["name"]: model for model in catalog.get("published", [])}
    local = [m for m in catalog.get("local", []) if m["name"] not in published]
    here = {m["name"] for m in catalog.get("local", [])}
    found = [(f"{m['name']} ({m['family']})", m["name"]) for m in [*catalog["models"], *local]]
    for name, model in sorted(published.items(), key=lambda item: item[0] not in here):
        missing = "" if name in here else ", not fetched yet"
        size = f"{model['parameters'] / 1e9:.1f} B parameters"
        found.append((f"{model['title']} ({model['family']}, {size}{missing})", name))
    return found
