"""All runs as they are now, without reading more of them than changed since the last time.

A page that follows a job asks every second, and a store may hold thousands of runs with results of
hundreds of kB each: rows are kept, and only those with a newer revision are read again.
"""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sdqviz.store.db import Database

# All but the result, which is read when it is asked for.
COLUMNS = (
    "id, kind, spec, state, stage, progress, eta_seconds, error, created, started, ended, attempt,"
    " cancel, pid, pid_started, seconds, format, revision, visitor,"
    " place, eta_low, eta_high, name, tags, deleted, dismissed"
)
Item = TypeVar("Item")


class Listing(Generic[Item]):
    """The items that `make` makes of the rows, newest first (by `created`). Safe to call from any
    thread.
    """

    def __init__(
        self,
        database: Database,
        make: Callable[[Any], Item],
        created: Callable[[Item], float],
    ) -> None:
        self._database = database
        self._make, self._created = make, created
        self._lock = threading.Lock()
        self._revision, self._deleted = -1, -1
        self._items: dict[str, Item] = {}
        self._place: dict[str, tuple[float, str]] = {}
        self._ordered: list[Item] = []

    def now(self) -> list[Item]:
        with self._lock:
            (clock,) = self._database.rows("SELECT revision, deleted FROM clock")
            if (clock["revision"], clock["deleted"]) != (self._revision, self._deleted):
                self._read(clock["deleted"])
            return self._ordered.copy()

    def _read(self, deleted: int) -> None:
        changed = self._database.rows(
            f"SELECT {COLUMNS} FROM runs WHERE revision > ?", (self._revision,)
        )
        for row in changed:
            item = self._items[row["id"]] = self._make(row)
            self._place[row["id"]] = (-self._created(item), row["id"])
            self._revision = max(self._revision, row["revision"])
        if deleted != self._deleted:
            there = {row["id"] for row in self._database.rows("SELECT id FROM runs")}
            for gone in self._items.keys() - there:
                del self._items[gone], self._place[gone]
            (clock,) = self._database.rows("SELECT revision FROM clock")
            if not self._items:
                self._revision = max(self._revision, clock["revision"])
            self._deleted = deleted
        ids = sorted(self._items, key=self._place.__getitem__)
        self._ordered = [self._items[run] for run in ids]
