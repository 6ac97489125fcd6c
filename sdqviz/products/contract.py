"""Where finished work is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class Products(Protocol):
    """Where finished work is kept and found again by its content key."""

    def product(self, key: str, suffix: str, make: Callable[[], bytes]) -> bytes: ...

    def product_file(self, key: str, suffix: str, write: Callable[[Path], object]) -> None:
        """As `product`, for one that `write` puts into a file."""
        ...

    def blob(self, data: bytes, suffix: str) -> str: ...

    def find(self, key: str) -> str | None: ...

    def file(self, key: str) -> Path:
        """The file of a product that is there."""
        ...

    def scratch(self) -> Path:
        """A folder for this run's unfinished work. It survives a crash, not the run's end."""
        ...
