"""What runs leave behind: events in order, and products found again by their content key."""

import json
import math
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event
from sdqviz.store.attempt import refuse_superseded
from sdqviz.store.blobs import Blobs, is_blob_name
from sdqviz.store.db import Database
from sdqviz.store.runs import ACTIVE
from sdqviz.store.told import forget_told, insert_events, read_event

_NAMES = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}\.[a-z0-9]{1,16}")
_CLOCK_SECONDS = 5.0  # by which a file's time and the clock may differ


class Records:
    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self.blobs = blobs

    def append(self, run_id: str, event: Event) -> None:
        self.append_all(run_id, [event])

    def append_all(
        self, run_id: str, events: Sequence[Event], attempt: int | None = None, stage: str = ""
    ) -> None:
        """Adds the events in order, in one transaction: those of a stage, told by this attempt of
        the run's. Of an older attempt than the last they are refused (SupersededError).
        """
        with self._database.transaction() as sql:
            refuse_superseded(sql, run_id, attempt)
            insert_events(sql, run_id, events, attempt or 0, stage)

    def begin_stage(self, run_id: str, stage: str, attempt: int) -> None:
        """Forgets what earlier attempts told in this stage, which is told again now from its start:
        a curve has each point once. Logs stay, and the seconds that were spent.
        """
        with self._database.transaction() as sql:
            refuse_superseded(sql, run_id, attempt)
            forget_told(sql, run_id, stage, attempt)

    def events(self, run_id: str, kind: str | None = None, last: int | None = None) -> list[Event]:
        """The run's events in order, maybe of one kind, maybe only the `last` ones."""
        rows = self._database.rows(
            "SELECT sequence, kind, body FROM events WHERE run = ? AND (? IS NULL OR kind = ?)"
            " ORDER BY sequence DESC LIMIT ?",
            (run_id, kind, kind, -1 if last is None else last),
        )
        return [read_event(row) for row in reversed(rows)]

    def count(self, run_id: str, kind: str) -> int:
        """How many events of one kind the run has."""
        query = "SELECT COUNT(*) AS count FROM events WHERE run = ? AND kind = ?"
        return self._database.rows(query, (run_id, kind))[0]["count"]

    def find(self, key: str) -> str | None:
        """The blob of a product, if it was made before and is there whole: a damaged one is made
        anew.
        """
        rows = self._database.rows("SELECT blob FROM products WHERE key = ?", (key,))
        blob = str(rows[0]["blob"]) if rows else ""
        return blob if is_blob_name(blob) and self.blobs.is_whole(blob) else None

    def product(
        self,
        run_id: str,
        key: str,
        suffix: str,
        make: Callable[[], bytes],
        attempt: int | None = None,
    ) -> bytes:
        """The product with this content key: looked up, or made and kept."""
        blob = self.find(key)
        if blob is not None:
            return self.blobs.get(blob)
        data = make()
        self.keep(run_id, key, self.blobs.put(data, suffix), attempt)
        return data

    def product_file(
        self,
        run_id: str,
        key: str,
        suffix: str,
        write: Callable[[Path], object],
        attempt: int | None = None,
    ) -> None:
        """As `product`, for one that `write` puts into a file."""
        if self.find(key) is None:
            self.keep(run_id, key, self.blobs.put_file(write, suffix), attempt)

    def keep(self, run_id: str, key: str, blob: str, attempt: int | None = None) -> None:
        with self._database.transaction() as sql:
            refuse_superseded(sql, run_id, attempt)
            sql.execute(
                "INSERT OR REPLACE INTO products (key, blob, run, created) VALUES (?, ?, ?, ?)",
                (key, blob, run_id, time.time()),
            )

    def products_of(self, run_id: str) -> dict[str, str]:
        """{content key: blob} of what this run made."""
        rows = self._database.rows("SELECT key, blob FROM products WHERE run = ?", (run_id,))
        return {row["key"]: row["blob"] for row in rows}

    def collect_garbage(self, older_than_seconds: float = 600.0) -> tuple[int, int]:
        """Deletes blobs that no run's result and no product mentions: (count, bytes).

        Younger ones stay, and those that were written or found again since a run in progress
        started: a run writes its blobs before the row that mentions them.
        """
        states = ", ".join("?" * len(ACTIVE))
        query = f"SELECT MIN(started) AS first FROM runs WHERE state IN ({states})"
        first = self._database.rows(query, ACTIVE)[0]["first"]
        if first is not None:
            age = time.time() - first
            # Before its start by the clock, which was set back: no age tells anything now.
            age = age + _CLOCK_SECONDS if age >= 0 else math.inf
            older_than_seconds = max(older_than_seconds, age)
        used = {str(row["blob"]) for row in self._database.rows("SELECT blob FROM products")}
        for name in [name for name in used if name.endswith(".json")]:
            with suppress(SdqvizError):  # a damaged product is made anew, with all it mentions
                used |= names_in(self.blobs.get(name).decode(errors="replace"))
        # Of damaged rows too: what they mention may be all that is left of them.
        for row in self._database.rows("SELECT result FROM runs WHERE result IS NOT NULL"):
            used |= names_in(row["result"])
        kinds = "('Artifact', 'Preview')"
        for row in self._database.rows(f"SELECT body FROM events WHERE kind IN {kinds}"):
            used |= names_in(row["body"])
        old = self.blobs.names(older_than_seconds)
        unused = old - used
        partial = self.blobs.clear_partial()
        return len(unused), partial + sum(self.blobs.remove(name) for name in unused)

    def set_catalog(self, catalog: dict[str, Any]) -> None:
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT OR REPLACE INTO catalog (id, body) VALUES (1, ?)", (json.dumps(catalog),)
            )

    def catalog(self) -> dict[str, Any] | None:
        rows = self._database.rows("SELECT body FROM catalog")
        try:
            return json.loads(rows[0]["body"]) if rows else None
        except (ValueError, TypeError):  # the next worker publishes it anew
            return None


def names_in(text: Any) -> set[str]:
    """Every blob name anywhere in a text, JSON or the rest of one."""
    return set(_NAMES.findall(text if isinstance(text, str) else str(text)))


def blob_names(value: Any) -> set[str]:
    """Every blob name anywhere in a JSON value."""
    if isinstance(value, dict):
        return set().union(*(blob_names(v) for v in value.values()))
    if isinstance(value, list):
        return set().union(*(blob_names(v) for v in value))
    if isinstance(value, str) and is_blob_name(value):
        return {value}
    return set()
