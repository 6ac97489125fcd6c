"""How many jobs may wait: of one visitor, and of all."""

import sqlite3
from dataclasses import dataclass

from sdqviz.base.errors import SdqvizError
from sdqviz.store.run import ACTIVE, QUEUED

_UNFINISHED = (QUEUED, *ACTIVE)
_ANY = ", ".join("?" * len(_UNFINISHED))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most jobs that are queued or worked at a time."""

    in_all: int
    each: int  # of one visitor

    def check(self, sql: sqlite3.Connection, visitor: str) -> None:
        """Raises SdqvizError when one more would be too many. In the transaction that adds it: of
        two that come at once one is refused.
        """
        count = f"SELECT COUNT(*), COALESCE(SUM(visitor = ?), 0) FROM runs WHERE state IN ({_ANY})"
        of_all, own = sql.execute(count, (visitor, *_UNFINISHED)).fetchone()
        if own >= self.each:
            raise SdqvizError(
                f"{own} of your jobs are not finished, and {self.each} is the most at a time",
                "wait for one, or cancel it",
            )
        if of_all >= self.in_all:
            raise SdqvizError(
                f"{of_all} jobs are waiting or worked, and {self.in_all} is the most at a time",
                "try again when one is done",
            )
