"""A list of a result's parts that is read when somebody looks at it."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, overload

T = TypeVar("T")


class Parts(Sequence[T]):
    """The parts that `read` makes of JSON values. Whoever lists many runs looks at their medians
    and sizes, and not at the hundreds of layers and thousands of ranges.
    """

    def __init__(self, read: Callable[[Any], T], values: Sequence[Any]) -> None:
        self._read, self._values = read, values

    @functools.cached_property
    def _parts(self) -> list[T]:
        return [self._read(value) for value in self._values]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[T]:
        return iter(self._parts)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> list[T]: ...
    def __getitem__(self, place: int | slice) -> T | list[T]:
        return self._parts[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._parts == list(other)

    def __repr__(self) -> str:
        return repr(self._parts)
