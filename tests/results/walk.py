"""All parts of a result."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sdqviz.results.pictures import Pictures
from sdqviz.results.row import Row


def parts(value: Any) -> Iterator[Row]:
    """The row itself and every row in it."""
    if isinstance(value, Row):
        yield value
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from parts(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from parts(inner)


def unknown(row: Row) -> set[str]:
    """Type and key of all that no field holds, but for the maps of pictures and the format."""
    return {
        f"{type(part).__name__}.{key}"
        for part in parts(row)
        if not isinstance(part, Pictures)
        for key in part.others
        if key != "format"
    }
