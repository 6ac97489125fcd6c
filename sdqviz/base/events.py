"""What a stage reports while it runs. Plain data, so that the store can keep every event."""

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`done` of `total` units of `stage` are finished. `place`: where that is, in words."""

    stage: str
    done: int
    total: int
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class Scalar:
    """One number of a curve: `value` of `name` at `step`, maybe of one layer or timestep."""

    name: str
    value: float
    step: int = 0
    layer: str | None = None
    timestep: float | None = None


@dataclass(frozen=True, kw_only=True)
class Log:
    """A line for the run's log. `level` is info or warning."""

    message: str
    level: str = "info"


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A finished product: `name` inside the run, and the blob that holds it."""

    name: str
    blob: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A picture of the work so far: the blob of a PNG, `name` of `step`."""

    name: str
    step: int
    blob: str


@dataclass(frozen=True, kw_only=True)
class State:
    """`layer` (or block) entered state `name` at `step`, because of `reason`."""

    name: str
    layer: str
    step: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Saving:
    """`stage` is about to write its state: what it told before is kept first. Never kept itself."""

    stage: str


SECONDS = "seconds"  # the Scalar of a stage that ended, its name as the layer
Event = Progress | Scalar | Log | Artifact | Preview | State | Saving
_ALL = (Progress, Scalar, Log, Artifact, Preview, State)
_KINDS: dict[str, type] = {kind.__name__: kind for kind in _ALL}


def event_to_row(event: Event) -> tuple[str, dict[str, Any]]:
    return type(event).__name__, dataclasses.asdict(event)


def event_from_row(kind: str, body: dict[str, Any]) -> Event:
    return _KINDS[kind](**body)
