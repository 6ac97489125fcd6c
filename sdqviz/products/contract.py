"""Where finished work is kept, and what a stage hands to those after it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol


class Products(Protocol):
    """Where finished work is kept and found again by its content key."""

    def product(self, key: str, suffix: str, make: Callable[[], bytes]) -> bytes: ...

    def product_file(self, key: str, suffix: str, write: Callable[[Path], object]) -> None:
        """As `product`, for one that `write` puts into a file."""
        ...

    def blob(self, data: bytes, suffix: str) -> str: ...

    def has_blob(self, name: str) -> bool: ...

    def find(self, key: str) -> str | None: ...

    def file(self, key: str) -> Path:
        """The file of a product that is there."""
        ...

    def scratch(self) -> Path:
        """A folder for this run's unfinished work. It survives a crash, not the run's end."""
        ...


class Product:
    """What a stage gives: its type is its name. Stages declare the types they read and give.

    Its key is made of the stage that gave it, that stage's options and the keys of what it read.
    """


class Counted(Product, ABC):
    """A product that is known by what it holds, whoever gave it: its key is made of that."""

    @abstractmethod
    def content(self) -> Any:
        """All that it holds, as JSON can write it."""


class Maker(Protocol):
    """Whose work a key belongs to: a stage, for what it declares of itself."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int:
        """Raised whenever its products would come out differently."""
        ...

    def telling(self) -> Any:
        """What else of itself its products hang on: its options, how many processes work."""
        ...

    @property
    def reads(self) -> tuple[type[Product], ...]: ...

    @property
    def may_read(self) -> tuple[type[Product], ...]:
        """Read where an earlier stage gave it."""
        ...
