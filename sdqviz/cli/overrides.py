"""The settings that a command line gives."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from sdqviz.base.errors import SdqvizError

Prompts = Annotated[
    Path | None, typer.Option("--prompts", help="A file of prompts, one a line or JSON.")
]


def overrides(pairs: list[str] | None) -> dict[str, Any]:
    """KEY=VALUE strings as typed values; a value that is not JSON is a string."""
    values: dict[str, Any] = {}
    for pair in pairs or []:
        key, equals, text = pair.partition("=")
        if not equals:
            raise SdqvizError(f"--set {pair!r} has no '='", "write --set KEY=VALUE")
        try:
            values[key] = json.loads(text.lower() if text in ("True", "False") else text)
        except (ValueError, RecursionError):  # no JSON: a word
            values[key] = text
    return values
