"""The store's version, and once a second a look for workers that are gone."""

import time
from collections.abc import Callable, Collection
from contextlib import suppress

from anyio import to_thread

from sdqviz.base.errors import SdqvizError
from sdqviz.store.store import Store
from sdqviz.store.watch import Watch

_SECONDS = 1.0


class Pulse:
    """Pages that follow a job ask for the version. An answer from memory looks at no run, so this
    does: a dead worker's run is shown as interrupted, and one that waits gets a worker (`wake`).
    """

    def __init__(self, store: Store, wake: Callable[[], object]) -> None:
        self._store = store
        self._wake = wake
        self._watch = Watch(store.file)
        self._next = 0.0

    async def version(self) -> object:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _SECONDS
            await to_thread.run_sync(self._look)
        return self._watch.version()

    async def visitors(self) -> Collection[str]:
        """Those who have runs."""
        return await to_thread.run_sync(self._store.runs.visitors)

    def _look(self) -> None:
        if self._store.runs.waiting():
            # Where none starts, the job's card says so (`ui.job_panel`).
            with suppress(SdqvizError):
                self._wake()
