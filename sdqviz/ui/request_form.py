"""The sidebar's Quantize form: what it asks for, and how a finished run is put back into it.

A setting that several recipes share is one field. Fields say what a visitor changed (in the page,
without a trip to the server), and only that is sent: everything else is the preset's.
"""

import json
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import (
    FLOAT32,
    changed_from_preset,
    preset_config,
    quantize_request,
    recipe_entry,
)

NOTE_CHANGE = (
    "(changes, value) => JSON.stringify({{...JSON.parse(changes || '{{}}'), {name}: value}})"
)


@dataclass(frozen=True)
class RequestForm:
    """The form's components. Handlers take `inputs` and fill `outputs`, in these orders."""

    model: gr.Dropdown
    recipe: gr.Dropdown
    preset: gr.Radio
    device: gr.Dropdown
    dtype: gr.Dropdown
    changes: gr.Textbox  # JSON: setting -> value, of what differs from the preset
    advanced: gr.Accordion
    fields: dict[str, Any]  # setting -> its field, of every recipe
    groups: dict[str, Any]  # stage -> the group of its fields, among the advanced ones

    @property
    def inputs(self) -> list[Any]:
        return [self.model, self.recipe, self.preset, self.device, self.dtype, self.changes]

    @property
    def outputs(self) -> list[Any]:
        return [*self.inputs, self.advanced, *self.settings]

    @property
    def settings(self) -> list[Any]:
        """The fields and their groups."""
        return [*self.fields.values(), *self.groups.values()]

    def request(
        self,
        catalog: dict[str, Any],
        model: str | None,
        recipe: str,
        preset: str,
        device: str,
        dtype: str,
        changes: str,
    ) -> dict[str, Any]:
        """The spec that the form's values ask for; an emptied field takes the preset's value."""
        known = _entries(catalog, recipe)
        own = {
            name: value
            for name, value in _changes(changes).items()
            if name in known and value is not None
        }
        return quantize_request(
            catalog, (model or "").strip(), recipe, preset, own, device=device, dtype=dtype
        )

    def show_recipe(
        self, catalog: dict[str, Any], recipe: str, preset: str, changes: str
    ) -> list[Any]:
        """Updates of [recipe, *settings]: the method's summary, its settings and their values."""
        entry, given = recipe_entry(catalog, recipe), _changes(changes)
        values = {**preset_config(catalog, recipe, preset), **given}
        return [gr.Dropdown(info=entry["summary"]), *self._shown(catalog, recipe, values)]

    def show_preset(
        self, catalog: dict[str, Any], recipe: str, preset: str, changes: str
    ) -> list[Any]:
        """Updates of [changes, *settings]: what presets set is the preset's again."""
        presets = recipe_entry(catalog, recipe)["presets"]
        named = {name for values in presets.values() for name in values}
        kept = {name: value for name, value in _changes(changes).items() if name not in named}
        values = preset_config(catalog, recipe, preset)
        updates = [gr.update(value=values[n]) if n in named else gr.skip() for n in self.fields]
        return [json.dumps(kept), *updates, *[gr.skip()] * len(self.groups)]

    def filled(self, catalog: dict[str, Any], spec: dict[str, Any]) -> list[Any]:
        """Updates of `outputs` that make the form ask for `spec` again.

        A device that is not here is left as it is. Raises SdqvizError for an unknown recipe.
        """
        recipe, preset = recipe_entry(catalog, spec["recipe"])["name"], spec["preset"]
        device = spec.get("device", "cpu")
        changes = json.dumps(changed_from_preset(catalog, spec))
        _, *settings = self.show_recipe(catalog, recipe, preset, changes)
        return [
            spec["model"],
            gr.update(value=recipe, info=recipe_entry(catalog, recipe)["summary"]),
            preset,
            device if device in catalog.get("devices", ["cpu"]) else gr.skip(),
            spec.get("dtype", FLOAT32),
            changes,
            gr.Accordion(open=changes != "{}"),
            *settings,
        ]

    def _shown(self, catalog: dict[str, Any], recipe: str, values: dict[str, Any]) -> list[Any]:
        known = _entries(catalog, recipe)
        stages = {entry["stage"] for entry in known.values()}
        fields = [
            gr.update(visible=True, value=values[n]) if n in known else gr.update(visible=False)
            for n in self.fields
        ]
        return [*fields, *(gr.update(visible=stage in stages) for stage in self.groups)]


def build_settings(catalog: dict[str, Any], recipe: str, preset: str) -> tuple[dict, dict, dict]:
    """(the fields that matter most, all others, their groups by stage), built here and now. The
    first stand in rows of two above what the caller builds next.
    """
    values, known = preset_config(catalog, recipe, preset), _entries(catalog, recipe)
    shared = {n: e for r in catalog["recipes"] for n, e in _entries(catalog, r["name"]).items()}

    def field(name: str) -> Any:
        value = values.get(name, shared[name]["default"])
        return _field(shared[name], value, visible=name in known)

    first = sorted((n for n, e in shared.items() if e["first"]), key=lambda n: shared[n]["first"])
    main: dict[str, Any] = {}
    for start in range(0, len(first), 2):
        with gr.Row():
            main |= {name: field(name) for name in first[start : start + 2]}
    others, groups = {}, {}
    labels = {s["name"]: s["label"] for r in catalog["recipes"] for s in r["stages"]}
    with gr.Accordion("Advanced", open=False, elem_id="advanced") as advanced:
        for stage, label in labels.items():
            names = [n for n, e in shared.items() if e["stage"] == stage and not e["first"]]
            if names:
                visible = any(known.get(name) for name in names)
                with gr.Group(visible=visible) as groups[stage]:
                    gr.Markdown(f"**{label[0].upper()}{label[1:]}**", elem_classes="sdq-stage")
                    others |= {name: field(name) for name in names}
    return {**main, **others}, groups, {"advanced": advanced}


def _entries(catalog: dict[str, Any], recipe: str) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in recipe_entry(catalog, recipe)["schema"]}


def _changes(text: str) -> dict[str, Any]:
    try:
        changes = json.loads(text or "{}")
    except ValueError as error:
        raise SdqvizError("the form's changes are not readable", "reload the page") from error
    if not isinstance(changes, dict):
        raise SdqvizError("the form's changes are not settings", "reload the page")
    return changes


def _field(entry: dict[str, Any], value: Any, visible: bool) -> Any:
    """The form field of one schema entry."""
    common: dict[str, Any] = {"label": entry["label"], "info": entry["help"], "value": value}
    common |= {"visible": visible, "min_width": 120}
    if entry["choices"]:
        return gr.Dropdown(choices=list(entry["choices"]), **common)
    if entry["type"] == "bool":
        return gr.Checkbox(**common)
    if entry["type"] in ("int", "float"):
        precision = 0 if entry["type"] == "int" else None
        return gr.Number(minimum=entry["low"], maximum=entry["high"], precision=precision, **common)
    return gr.Textbox(**common)
