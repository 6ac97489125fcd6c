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
    """A run's view of the store (`products.contract.Products`)."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store, self._run_id = store, run_id

    def product(self, key: str, suffix: str, make: Callable[[], bytes]) -> bytes:
        return self._store.records.product(self._run_id, key, suffix, make)

    def product_file(self, key: str, suffix: str, write: Callable[[Path], object]) -> None:
        self._store.records.product_file(self._run_id, key, suffix, write)

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
    """Writes a run's events in one transaction every half second: a curve is many events."""

    def __init__(self, records: Records, run_id: str) -> None:
        self._records, self._run_id = records, run_id
        self._waiting: list[Event] = []
        self._last = time.monotonic()

    def append(self, event: Event) -> None:
        self._waiting.append(event)
        if time.monotonic() - self._last > _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._last = time.monotonic()
        if waiting:
            self._records.append_all(self._run_id, waiting)
