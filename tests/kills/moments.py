"""When to kill: at an instant, in a stage, while a file is half written, between two writes."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from sdqviz.store.run import ACTIVE, Run
from sdqviz.store.store import Store
from tests.kills import seams

STAGES = ("record", "calibrate", "influence", "distill", "pack", "evaluate")
WORKER, APP, BOTH = "worker", "app", "both"
VICTIMS = (WORKER, APP, BOTH)
_HALF = {
    "a half-written state": "scratch/*/*/*/*.partial*",
    "a half-written blob": "blobs/.partial*",
}
_LOOK_SECONDS, _QUICK_LOOK_SECONDS = 0.05, 0.001  # at rows, at the names of files


@dataclass(frozen=True)
class Moment:
    """`kind` is when, `value` where in it (a share, a count)."""

    kind: str
    value: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind} {self.value:g}" if self.value else self.kind

    @property
    def seam(self) -> str:
        """The seam at which the worker kills itself; empty where it is killed from outside."""
        return self.kind.removeprefix("at a ") if self.kind.startswith("at a ") else ""

    def has_come(self, store: Store, run: Run, seconds: float, whole_seconds: float) -> bool:
        """Whether it is now, so long after the last kill. Waits a moment itself: for a file that is
        half written it looks often.
        """
        if self.kind == "a random instant":
            return seconds >= self.value * whole_seconds
        if self.kind in _HALF:
            until = time.monotonic() + _LOOK_SECONDS
            while time.monotonic() < until:
                if any(store.folder.glob(_HALF[self.kind])):
                    return True
                time.sleep(_QUICK_LOOK_SECONDS)
            return False
        if self.kind.startswith("points told"):
            return store.records.count(run.id, "Scalar") >= self.value
        return run.state in ACTIVE and self.kind == f"in {run.stage}"


def draw(random_: random.Random, victim: str, passed: dict[str, int], points: int) -> Moment:
    """A moment for this victim. `passed`: how often an uninterrupted run passes each seam;
    `points`: how many it tells.
    """
    kinds = ["a random instant", "a stage", "points told", *_HALF]
    if victim == WORKER:
        kinds += 2 * [f"at a {seam}" for seam in seams.SEAMS]
    kind = random_.choice(kinds)
    if kind == "a stage":
        return Moment(f"in {random_.choice(STAGES)}")
    if kind == "a random instant":
        return Moment(kind, round(random_.uniform(0.0, 1.0), 3))
    if kind == "points told":
        return Moment(kind, random_.randint(1, points))
    if kind.startswith("at a "):
        most = max(1, passed[kind.removeprefix("at a ")])
        return Moment(kind, int(most * random_.random() ** 2))  # a resumed run passes fewer
    return Moment(kind)


def waiting(seconds: float) -> Iterator[float]:
    """Yields the seconds gone, now and then, until so many are."""
    started = time.monotonic()
    while (gone := time.monotonic() - started) < seconds:
        yield gone
        time.sleep(_LOOK_SECONDS)
