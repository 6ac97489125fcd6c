"""How many jobs may wait: of one visitor, and of all."""

import sqlite3
from dataclasses import dataclass

from sdqviz.store.demo import Demo
from sdqviz.store.limit_error import LimitError
from sdqviz.store.run import ACTIVE, QUEUED

_UNFINISHED = (QUEUED, *ACTIVE)
_ANY = ", ".join("?" * len(_UNFINISHED))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most jobs that are queued or worked at a time; of a demo also those of a day."""

    in_all: int
    each: int  # of one visitor
    demo: Demo | None = None

    def check(self, sql: sqlite3.Connection, visitor: str) -> None:
        """Raises LimitError when one more would be too many. In the transaction that adds it: of
        two that come at once one is refused.
        """
        if self.demo is not None:
            self.demo.count(sql, visitor)
        count = f"SELECT COUNT(*), COALESCE(SUM(visitor = ?), 0) FROM runs WHERE state IN ({_ANY})"
        of_all, own = sql.execute(count, (visitor, *_UNFINISHED)).fetchone()
        if own >= self.each:
            raise LimitError(
                f"{own} of your jobs are not finished, and {self.each} is the most at a time",
                "wait for one, or cancel it",
            )
        if of_all >= self.in_all:
            raise LimitError(
                f"{of_all} jobs are waiting or worked, and {self.in_all} is the most at a time",
                "try again when one is done",
            )
