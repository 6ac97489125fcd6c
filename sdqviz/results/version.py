"""The format of a run's spec and result, by which a newer run is told apart."""

from collections.abc import Mapping
from typing import Any

RUN_FORMAT = 1  # raised when an older sdqviz could misread a run
_KEY = "format"


def format_of(row: Mapping[str, Any]) -> int:
    """The format that a result was written in; those of before there was a number have 1."""
    return row.get(_KEY, 1)


def is_newer(row: Mapping[str, Any] | None) -> bool:
    """Whether a result is of a newer sdqviz, so that this one may misread it."""
    return row is not None and format_of(row) > RUN_FORMAT


def numbered(row: Mapping[str, Any]) -> dict[str, Any]:
    """The result as it is stored: its format first."""
    return {_KEY: RUN_FORMAT, **row}
