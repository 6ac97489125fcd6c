"""A part of a result: a frozen dataclass that reads a JSON object and writes it back unchanged."""

import functools
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, NamedTuple, Self, Union, get_args, get_origin, get_type_hints

from sdqviz.base.errors import SdqvizError
from sdqviz.results.parts import Parts


@dataclass(frozen=True, kw_only=True)
class Row:
    """The base of all parts. A subclass names its fields and their types, that is all.

    A field without a default is in every row, also where it is null. A field whose default is None
    came later, or is not always there: rows without its key have None, and None is not written.
    Keys of another version are kept in `others`. Rows are shared by their readers: never change
    what they hold.
    """

    KEYS: ClassVar[Mapping[str, str]] = {}  # attribute -> its key in JSON, where they differ

    others: Mapping[str, Any] = field(default_factory=dict, repr=False)
    order: tuple[str, ...] = field(default=(), repr=False, compare=False)  # keys as they were read

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Reads a JSON object; raises SdqvizError where a key that every row has is missing."""
        known = _members(cls)
        values: dict[str, Any] = {}
        for key, member in known.items():
            if key in row:
                value = row[key]
                values[member.name] = value if member.read is None else member.read(value)
            elif member.required:
                raise SdqvizError(
                    f"a {cls.__name__} has no {key!r}: {', '.join(row) or 'it is empty'}",
                    "the run was made by another version of sdqviz: run it again",
                )
        others = {key: value for key, value in row.items() if key not in known}
        return cls(**values, others=others, order=tuple(row))

    def as_row(self) -> dict[str, Any]:
        """The JSON object, its keys in the order in which they were read."""
        known = _members(type(self))
        held = {
            key: value if member.write is None else member.write(value)
            for key, member in known.items()
            if (value := getattr(self, member.name)) is not None
            or member.required
            or key in self.order
        }
        held.update(self.others)
        first = {key: held[key] for key in self.order if key in held}
        return {**first, **held}


class _Member(NamedTuple):
    """A field as `Row` handles it; without `read` or `write` its value is JSON's own."""

    name: str
    required: bool
    read: Callable[[Any], Any] | None
    write: Callable[[Any], Any] | None


@functools.cache
def _members(kind: type[Row]) -> dict[str, _Member]:
    """Key in JSON -> member."""
    hints = get_type_hints(kind)
    return {
        kind.KEYS.get(f.name, f.name): _Member(
            f.name,
            f.default is MISSING and f.default_factory is MISSING,
            *_conversion(hints[f.name]),
        )
        for f in fields(kind)
        if f.name not in ("others", "order")
    }


def _conversion(hint: Any) -> tuple[Callable[[Any], Any] | None, Callable[[Any], Any] | None]:
    """How values of a type come from JSON and go back: rows, tuples, and both in containers."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (read, write), *rest = (_conversion(part) for part in inner if part is not types.NoneType)
        if rest or read is None or write is None:
            return None, None
        return (
            lambda value: None if value is None else read(value),
            lambda value: None if value is None else write(value),
        )
    if origin is tuple:
        return tuple, list
    if isinstance(hint, type) and issubclass(hint, Row):
        return hint.from_row, Row.as_row
    if isinstance(hint, type) and issubclass(hint, tuple):  # a NamedTuple
        return lambda value: hint(*value), list
    read, write = _conversion(inner[-1]) if origin in (Sequence, Mapping) else (None, None)
    if read is None or write is None:
        return None, None
    if origin is Sequence:
        return functools.partial(Parts, read), lambda values: [write(v) for v in values]
    return (
        lambda values: {key: read(value) for key, value in values.items()},
        lambda values: {key: write(value) for key, value in values.items()},
    )
