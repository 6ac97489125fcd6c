"""Config as frozen keyword-only dataclasses whose fields carry label, range and help.

The UI builds its forms from `schema`, the CLI its overrides from `from_dict`, and content keys
come from `telling`. Unknown keys are errors.
"""

import dataclasses
from typing import Any, TypeVar

from sdqviz.base.errors import SdqvizError

T = TypeVar("T")
_MOST = 2**63  # whole numbers are kept as 64 bits in files and databases


def option(
    default: Any,
    *,
    label: str,
    help: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] | None = None,
    first: int = 0,
    inert: bool = False,
    multiple: int = 0,
) -> Any:
    """A dataclass field with what a form needs to show it and `from_dict` to check it.

    first: its place among the few that matter most, which a form shows before all others; 0 is
    none. inert: whatever it is, the products come out the same, so it is no part of their keys.
    multiple: of what a whole number must be one, if not 0.
    """
    metadata = {"label": label, "help": help, "low": low, "high": high, "choices": choices}
    metadata |= {"first": first, "inert": inert} | ({"multiple": multiple} if multiple else {})
    return dataclasses.field(default=default, metadata=metadata)


def to_dict(config: Any) -> dict[str, Any]:
    return dataclasses.asdict(config)


def telling(config: Any) -> dict[str, Any]:
    """The values that a product made with this config hangs on: all but the inert ones."""
    return {
        f.name: getattr(config, f.name)
        for f in dataclasses.fields(config)
        if not f.metadata["inert"]
    }


def from_dict(kind: type[T], values: dict[str, Any]) -> T:
    """A `kind` from plain values, each checked against its field. Unknown keys are refused."""
    return kind(**complete(schema(kind), values, kind.__name__))


def complete(entries: list[dict[str, Any]], values: dict[str, Any], owner: str) -> dict[str, Any]:
    """The values with every default filled in, each checked against its schema entry."""
    known = {entry["name"]: entry for entry in entries}
    if not isinstance(values, dict):
        raise SdqvizError(
            f"the settings of {owner} are {_short(values)}", "give an object: {NAME: VALUE}"
        )
    for name in values:
        if name not in known:
            raise SdqvizError(
                f"unknown config key {_short(name)} for {owner}",
                f"known: {', '.join(sorted(known))}",
            )
    return {
        name: _check(entry, values[name]) if name in values else entry["default"]
        for name, entry in known.items()
    }


def _check(entry: dict[str, Any], value: Any) -> Any:
    name, wanted = entry["name"], entry["type"]
    whole = isinstance(value, int) and not isinstance(value, bool)
    if wanted == "float" and whole and abs(value) < _MOST:
        value = float(value)
    elif wanted == "int" and isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value).__name__ != wanted or value != value or (whole and abs(value) >= _MOST):
        raise SdqvizError(f"{name} is {_short(value)}", f"it takes a value of type {wanted}")
    if wanted == "float" and abs(value) == float("inf"):
        raise SdqvizError(f"{name} is {value}", "give a finite number")
    choices, low, high = entry["choices"], entry["low"], entry["high"]
    if choices and value not in choices:
        raise SdqvizError(
            f"{name} is {_short(value)}", f"choose from {', '.join(map(str, choices))}"
        )
    if (low is not None and value < low) or (high is not None and value > high):
        raise SdqvizError(f"{name} is {value}", f"it must lie between {low} and {high}")
    multiple = entry.get("multiple", 0)
    if multiple and value % multiple:
        near = round(value / multiple) * multiple
        raise SdqvizError(f"{name} is {value}", f"use a multiple of {multiple}, such as {near}")
    return value


def _short(value: Any) -> str:
    """A value as it is shown in an error."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def schema(kind: type) -> list[dict[str, Any]]:
    """One plain dict per field: name, type, default, and what `option` was given."""
    return [
        {"name": f.name, "type": type(f.default).__name__, "default": f.default, **f.metadata}
        for f in dataclasses.fields(kind)
    ]
