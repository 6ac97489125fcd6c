"""The sidebar's Quantize form: what it asks for, and how a finished run is put back into it."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from sdqviz.base.request import FLOAT32, quantize_request, recipe_entry


class RecipeForm:
    """The settings of one recipe, shown while it is chosen."""

    def __init__(self, recipe: dict[str, Any], visible: bool, preset: str) -> None:
        self.summary: str = recipe["summary"]
        self._presets: dict[str, dict[str, Any]] = recipe["presets"]
        self._defaults = {entry["name"]: entry["default"] for entry in recipe["schema"]}
        usual = self.preset(preset)
        with gr.Group(visible=visible) as self.group:
            self.fields = {e["name"]: _field(e, usual[e["name"]]) for e in recipe["schema"]}

    def preset(self, name: str) -> dict[str, Any]:
        """Every setting's value in a preset."""
        return {**self._defaults, **self._presets.get(name, {})}

    def preset_updates(self, name: str) -> list[Any]:
        """A preset's values for the fields that presets set; the others are left as they are."""
        named = {key for values in self._presets.values() for key in values}
        values = self.preset(name)
        return [values[key] if key in named else gr.skip() for key in self.fields]


@dataclass(frozen=True)
class RequestForm:
    """The form's components. Handlers take `inputs` and fill `outputs`, in these orders."""

    model: gr.Dropdown
    recipe: gr.Dropdown
    preset: gr.Radio
    device: gr.Dropdown
    dtype: gr.Dropdown
    settings: gr.Accordion
    recipes: dict[str, RecipeForm]

    @property
    def fields(self) -> list[Any]:
        """The settings of every recipe, one form after the other."""
        return [field for form in self.recipes.values() for field in form.fields.values()]

    @property
    def groups(self) -> list[gr.Group]:
        return [form.group for form in self.recipes.values()]

    @property
    def inputs(self) -> list[Any]:
        return [self.model, self.recipe, self.preset, self.device, self.dtype, *self.fields]

    @property
    def outputs(self) -> list[Any]:
        return [*self.inputs, self.settings, *self.groups]

    def request(
        self,
        catalog: dict[str, Any],
        model: str | None,
        recipe: str,
        preset: str,
        device: str,
        dtype: str,
        *values: Any,
    ) -> dict[str, Any]:
        """The spec that the form's values ask for; an emptied field takes the preset's value."""
        names = [(owner, key) for owner, form in self.recipes.items() for key in form.fields]
        own = {k: v for (owner, k), v in zip(names, values, strict=True) if owner == recipe}
        given = {k: v for k, v in own.items() if v is not None}
        return quantize_request(
            catalog, (model or "").strip(), recipe, preset, given, device=device, dtype=dtype
        )

    def show_recipe(self, recipe: str) -> list[Any]:
        """Updates of [recipe, *groups]: the chosen method's summary and settings."""
        shown = [gr.Group(visible=name == recipe) for name in self.recipes]
        return [gr.Dropdown(info=self.recipes[recipe].summary), *shown]

    def show_preset(self, preset: str) -> list[Any]:
        """Updates of `fields`: what the preset sets, for every method."""
        return [value for form in self.recipes.values() for value in form.preset_updates(preset)]

    def filled(self, catalog: dict[str, Any], spec: dict[str, Any]) -> list[Any]:
        """Updates of `outputs` that make the form ask for `spec` again.

        A device that is not here is left as it is. Raises SdqvizError for an unknown recipe.
        """
        recipe = recipe_entry(catalog, spec["recipe"])["name"]
        device = spec.get("device", "cpu")
        values = []
        for name, form in self.recipes.items():
            own = {**form.preset(spec["preset"]), **(spec["config"] if name == recipe else {})}
            values += [own[key] for key in form.fields]
        return [
            spec["model"],
            gr.update(value=recipe, info=self.recipes[recipe].summary),
            spec["preset"],
            device if device in catalog.get("devices", ["cpu"]) else gr.skip(),
            spec.get("dtype", FLOAT32),
            *values,
            gr.Accordion(open=True),
            *self.show_recipe(recipe)[1:],
        ]


def _field(entry: dict[str, Any], value: Any) -> Any:
    """The form field of one schema entry."""
    common = {"label": entry["label"], "info": entry["help"], "value": value}
    if entry["choices"]:
        return gr.Dropdown(choices=list(entry["choices"]), **common)
    if entry["type"] == "bool":
        return gr.Checkbox(**common)
    if entry["type"] in ("int", "float"):
        precision = 0 if entry["type"] == "int" else None
        return gr.Number(minimum=entry["low"], maximum=entry["high"], precision=precision, **common)
    return gr.Textbox(**common)
