"""`sdqviz recipes`: the methods, and the settings of one."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from sdqviz.base.errors import SdqvizError
from sdqviz.cli.pages import table
from sdqviz.cli.runs import Json
from sdqviz.cli.terminal import emit


def recipes_command(
    name: Annotated[str, typer.Argument(help="A method, to see its settings.")] = "",
    as_json: Json = False,
) -> None:
    """The methods; of one that is named, every KEY=VALUE that --set takes."""
    from sdqviz.runner.catalog import static_catalog

    known = {recipe["name"]: recipe for recipe in static_catalog()["recipes"]}
    if name and name not in known:
        raise SdqvizError(f"unknown recipe {name!r}", f"there is {', '.join(known)}")
    if name:
        emit(known[name], as_json, _settings)
    else:
        emit({"recipes": list(known.values())}, as_json, _methods)


def _methods(report: Mapping[str, Any]) -> Iterable[RenderableType]:
    yield table(("method", "what it does"), [(r["name"], r["summary"]) for r in report["recipes"]])
    yield ""
    yield "The settings of one: sdqviz recipes NAME"


def _settings(recipe: Mapping[str, Any]) -> Iterable[RenderableType]:
    yield f"{recipe['label']}: {recipe['summary']}"
    yield ""
    presets: dict[str, dict[str, Any]] = recipe["presets"]
    rows = []
    for entry in recipe["schema"]:
        values = [settings.get(entry["name"], "") for settings in presets.values()]
        rows.append((entry["name"], entry["default"], *values, entry["help"] + _limits(entry)))
    yield table(("--set KEY", "default", *presets, "what it is"), rows)


def _limits(entry: Mapping[str, Any]) -> str:
    if entry["choices"]:
        return f" One of {', '.join(map(str, entry['choices']))}."
    low, high = entry["low"], entry["high"]
    if low is None and high is None:
        return ""
    if high is None:
        return f" At least {low}."
    return f" {low} to {high}." if low is not None else f" At most {high}."
