"""Work that tells how far it is: a generator of counts, whose value comes at its end."""

from collections.abc import Generator
from typing import Any, TypeVar

T = TypeVar("T")
Steps = Generator[int, None, T]  # how many units are done; `yield from` gives the value


def result_of(steps: Generator[Any, None, T]) -> T:
    """The value, for whoever does not ask how far it is."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def weighed(steps: Generator[float, None, T], before: float, each: float) -> Steps[T]:
    """The same work as a part of a larger one: `before` is done already, a unit counts `each`."""
    while True:
        try:
            done = next(steps)
        except StopIteration as end:
            return end.value
        yield int(before + each * done)
