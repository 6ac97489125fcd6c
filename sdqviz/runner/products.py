"""What a run writes: its products, and its events in batches."""

import time
from collections.abc import Callable
from pathlib import Path

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event
from sdqviz.store.records import Records
from sdqviz.store.store import Store

_FLUSH_SECONDS = 0.5


class StoredProducts:
    """A run's view of the store (`products.contract.Products`). What an older attempt of the run
    makes is refused (SupersededError).
    """

    def __init__(self, store: Store, run_id: str, attempt: int | None = None) -> None:
        self._store, self._run_id, self._attempt = store, run_id, attempt

    def product(self, key: str, suffix: str, make: Callable[[], bytes]) -> bytes:
        return self._store.records.product(self._run_id, key, suffix, make, self._attempt)

    def product_file(self, key: str, suffix: str, write: Callable[[Path], object]) -> None:
        self._store.records.product_file(self._run_id, key, suffix, write, self._attempt)

    def blob(self, data: bytes, suffix: str) -> str:
        return self._store.blobs.put(data, suffix)

    def has_blob(self, name: str) -> bool:
        return self._store.blobs.path(name).exists()

    def find(self, key: str) -> str | None:
        return self._store.records.find(key)

    def file(self, key: str) -> Path:
        blob = self.find(key)
        if blob is None:
            raise SdqvizError(f"product {key[:12]} vanished", "run it again")
        return self._store.blobs.file(blob)

    def scratch(self) -> Path:
        return self._store.scratch(self._run_id)


class EventLog:
    """Writes an attempt's events in one transaction every half second: a curve is many events.

    What an earlier attempt told in a stage is forgotten when this one begins the stage: each stage
    tells all of it again, whatever it finds in the store or resumes.
    """

    def __init__(self, records: Records, run_id: str, attempt: int) -> None:
        self._records, self._run_id, self._attempt = records, run_id, attempt
        self._stage = ""
        self._waiting: list[Event] = []
        self._last = time.monotonic()

    def begin(self, stage: str) -> None:
        """What is told from now on belongs to this stage."""
        self.flush()
        self._records.begin_stage(self._run_id, stage, self._attempt)
        self._stage = stage

    def append(self, event: Event) -> None:
        self._waiting.append(event)
        if time.monotonic() - self._last > _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._last = time.monotonic()
        if waiting:
            self._records.append_all(self._run_id, waiting, self._attempt, self._stage)
