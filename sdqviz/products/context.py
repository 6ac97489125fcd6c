"""What the stages of one run share, and the keys of what they make.

No stage writes a key. A key is made of the model, the machine, the stage (name and version), its
options, and the keys of all it declares to read; and a stage can read only what it declares. So a
setting that changes a product cannot be forgotten in its key.
"""

from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sdqviz.base.keys import content_key
from sdqviz.families.contract import Model
from sdqviz.products.contract import Counted, Maker, Product, Products
from sdqviz.products.keys import machine_key
from sdqviz.products.scenes import SceneSource

T = TypeVar("T", bound=Product)


@dataclass(frozen=True)
class Given:
    """A product and its content key."""

    value: Any
    key: str


@dataclass
class Context:
    """`result` is what the run leaves behind; `given` holds the products so far, by type."""

    model: Model
    model_key: str
    products: Products
    source: SceneSource | None = None  # of a run that draws its own scenes
    result: dict[str, Any] = field(default_factory=dict)
    given: dict[type[Product], Given] = field(default_factory=dict)
    reader: Maker | None = None  # the stage that works now

    def seen_by(self, stage: Maker) -> "Context":
        """This context as the stage may see it: it takes what it declares, and nothing else."""
        return replace(self, reader=stage)

    def has(self, kind: type[Product]) -> bool:
        """Whether the product is there, for the stage that works now to read."""
        self._check(kind)
        return kind in self.given

    def take(self, kind: type[T]) -> T:
        self._check(kind)
        if kind not in self.given:
            raise LookupError(f"no stage before {self._who()} gave {kind.__name__}")
        return self.given[kind].value

    def give(self, value: Product, key: str | None = None) -> None:
        """Hands a product on. `key` is for one that comes from outside, with a key of its own."""
        self.given[type(value)] = Given(value, key or self._key_of(value))

    def key_of(self, kind: type[Product]) -> str:
        self._check(kind)
        return self.given[kind].key

    def key(self) -> str:
        """The key of what the stage that works now makes of all it reads."""
        stage = self.reader
        assert stage is not None, "a key is a stage's: see `seen_by`"
        return self._made(stage, stage.telling(), (*stage.reads, *stage.may_read))

    def item_key(self, *items: Any, of: tuple[type[Product], ...] = ()) -> str:
        """The key of one of many things that the stage makes, which hangs on the items (JSON) and
        on the products `of` alone: on none of the stage's options.
        """
        assert self.reader is not None, "a key is a stage's: see `seen_by`"
        return self._made(self.reader, list(items), of)

    def _made(self, stage: Maker, telling: Any, of: tuple[type[Product], ...]) -> str:
        read = {kind.__name__: self.key_of(kind) for kind in of if self.has(kind)}
        return content_key(self.model_key, stage.name, stage.version, machine_key(), telling, read)

    def _key_of(self, value: Product) -> str:
        name = type(value).__name__
        if isinstance(value, Counted):
            return content_key(name, value.content())
        return content_key(name, self.key())

    def _check(self, kind: type[Product]) -> None:
        stage = self.reader
        if stage is not None and kind not in (*stage.reads, *stage.may_read):
            raise LookupError(f"{stage.name} reads {kind.__name__} without declaring it")

    def _who(self) -> str:
        return self.reader.name if self.reader else "the reader"
