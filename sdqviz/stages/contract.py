"""What a stage is."""

from collections.abc import Iterator
from typing import Protocol

from sdqviz.base.events import Event
from sdqviz.products.context import Context


class Stage(Protocol):
    name: str
    version: int  # raised whenever its products would come out differently

    def cost(self, context: Context) -> float:
        """Expected work in network calls, for the time left."""
        ...

    def run(self, context: Context) -> Iterator[Event]: ...
