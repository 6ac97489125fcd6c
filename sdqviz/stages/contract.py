"""What a stage is: one verb of a method.

A stage is a frozen dataclass whose fields are its options (`base.config.option`): the form, the
command line and the content keys read the same fields.
"""

from abc import abstractmethod
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self, TypeVar, final

from sdqviz.base.config import telling
from sdqviz.base.events import Event, Progress
from sdqviz.base.settings import world_size
from sdqviz.base.steps import Steps
from sdqviz.products.context import Context
from sdqviz.products.contract import Product

T = TypeVar("T")

# The search of all weights' scales, in network calls of one scene: it takes the same time for any
# picture. v1-4 on one core, 0.67 us a weight, is 130 calls at a latent side of 32 (CPU time); small
# networks' calls take longer than their weights.
SEARCH_CALLS = "min(130_000 / side ** 2, 250)"


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a stage needs, estimated before a run, as formulas (`base.formula`).

    Names in them: every setting of the recipe; `parameters` of the network; `side` of its square
    latents and their `channels`; `calls` of one scene's trajectory; `branches` of
    guidance, 2 or 1; `gpu`, 1 or 0. The largest stage's memory counts, the sum of their disk.
    """

    network_calls: str = "0"  # of one scene with its guidance branches
    device_bytes: str = "0"  # where the networks compute, beside the FP model; without a GPU
    memory_bytes: str = "0"  # and the host's are one
    disk_bytes: str = "0"


@dataclass(frozen=True, kw_only=True)
class Stage:
    name: ClassVar[str]
    label: ClassVar[str]  # what the page says while it works
    version: ClassVar[int]  # raised whenever its products would come out differently
    reads: ClassVar[tuple[type[Product], ...]] = ()
    may_read: ClassVar[tuple[type[Product], ...]] = ()  # where an earlier stage gave it
    gives: ClassVar[tuple[type[Product], ...]] = ()
    needs: ClassVar[Needs] = Needs()
    can_finish_early: ClassVar[bool] = False  # closing it leaves what it has so far
    on_all_processes: ClassVar[bool] = False  # of several that `accelerate launch` started
    keeps_what_is_learned: ClassVar[bool] = False  # runs even after a cancel, if it can
    effort: ClassVar[tuple[str, ...]] = ()  # options that its time and samples are proportional to

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """The stage with those of the settings that are its options."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in settings.items() if name in names})

    def check(self) -> None:
        """Raises SdqvizError where this machine lacks what the options ask for; asked before a run
        begins.
        """

    def cost(self, context: Context) -> float:
        """Expected work in network calls, for the time left."""
        return self._cost(context.seen_by(self))

    @final
    def run(self, context: Context) -> Iterator[Event]:
        """Does the work. Closing the iterator ends it early."""
        yield from self._run(context.seen_by(self))

    def told(
        self, steps: Steps[T], before: int, units: int, total: int, place: str = ""
    ) -> Generator[Event, None, T]:
        """Progress with every step of a part of the work, and the part's value. The part has so
        many units of the stage's `total`, and `before` are done; `place` is what it is called.
        """
        while True:
            try:
                done = next(steps)
            except StopIteration as end:
                return end.value
            done = before + max(0, min(done, units))
            yield Progress(stage=self.name, done=done, total=total, place=place)

    def telling(self) -> Any:
        """What of the stage itself its products hang on."""
        shared = [world_size()] if self.on_all_processes else []
        return [telling(self), *shared]

    @abstractmethod
    def _cost(self, context: Context) -> float: ...

    @abstractmethod
    def _run(self, context: Context) -> Iterator[Event]: ...
