"""What the visitors of a demo may start, how often, and how long it stays."""

import math
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import COMPARE, GENERATE, QUANTIZE, changed_from_preset
from sdqviz.store.limit_error import LimitError

NOTHING, GENERATES, QUICK = "nothing", "generate", "quick"
STARTS = (NOTHING, GENERATES, QUICK)
DAY_SECONDS = 24 * 3600.0
OWN_MACHINE = "run sdqviz on your own machine, where it has no limit"
MOST_STEPS, MOST_PIXELS = 100, 1024 * 1024  # of a scene that a visitor draws
MOST_STARTS, MOST_HOURS = 100_000, 24 * 365


@dataclass(frozen=True, kw_only=True)
class Demo:
    """`starts`: nothing; scenes of one's own (generate); these and the preset quick (quick).
    `session` and `day` count starts within 24 hours: of one visitor, and of all. After `hours` a
    visitor's runs are gone; 0 keeps them.
    """

    starts: str = GENERATES
    session: int = 10
    day: int = 200
    hours: float = 24.0

    def __post_init__(self) -> None:
        if self.starts not in STARTS:
            raise SdqvizError(f"--demo is {self.starts!r}", f"give {', '.join(STARTS)}")
        for name, most in (("session", MOST_STARTS), ("day", MOST_STARTS), ("hours", MOST_HOURS)):
            value = getattr(self, name)
            if not (math.isfinite(value) and 0 <= value <= most):
                raise SdqvizError(f"--demo-{name} is {value:g}", f"give 0 to {most}")

    @property
    def draws(self) -> bool:
        return self.starts != NOTHING

    @property
    def quantizes(self) -> bool:
        return self.starts == QUICK

    def refuse(self, kind: str, spec: dict[str, Any], catalog: dict[str, Any]) -> None:
        """Raises LimitError for a job that visitors may not start here."""
        if kind in (GENERATE, COMPARE) and self.draws:
            _refuse_large(spec.get("scene", {}))
            return
        if kind == QUANTIZE and self.quantizes:
            if spec["preset"] == QUICK and not changed_from_preset(catalog, spec):
                return
            raise LimitError("this demo quantizes with the preset quick as it is", OWN_MACHINE)
        can = "draws scenes, and quantizes nothing" if self.draws else "shows runs, and starts none"
        raise LimitError(f"this demo {can}", OWN_MACHINE)

    def count(self, sql: sqlite3.Connection, visitor: str) -> None:
        """Raises LimitError when one more would be too many. In the transaction that adds it."""
        query = (
            "SELECT COUNT(*), COALESCE(SUM(visitor = ?), 0),"
            " MIN(created), MIN(CASE WHEN visitor = ? THEN created END)"
            " FROM runs WHERE visitor != '' AND created > ?"
        )
        now = time.time()
        row = sql.execute(query, (visitor, visitor, now - DAY_SECONDS)).fetchone()
        of_all, own, first, first_own = row
        if own >= self.session:
            told = f"you started {own} of the {self.session} jobs that this demo gives a visitor"
            raise LimitError(f"{told} a day", _next(first_own, now))
        if of_all >= self.day:
            told = f"visitors started {of_all} of the {self.day} jobs that this demo gives a day"
            raise LimitError(told, _next(first, now))


def _refuse_large(scene: dict[str, Any]) -> None:
    steps, pixels = scene.get("steps", 0), scene.get("width", 0) * scene.get("height", 0)
    if steps > MOST_STEPS:
        told = f"the scene has {steps} steps, and {MOST_STEPS} is the most in this demo"
        raise LimitError(told, f"take fewer, or {OWN_MACHINE}")
    if pixels > MOST_PIXELS:
        told = f"the scene has {pixels / 1e6:.1f} megapixels, and 1 is the most in this demo"
        raise LimitError(told, f"draw it smaller, or {OWN_MACHINE}")


def _next(first: float | None, now: float) -> str:
    """When the oldest of them counts no more."""
    hours = math.ceil(((first or now) + DAY_SECONDS - now) / 3600)
    return f"come again in {hours} h, or {OWN_MACHINE}"
