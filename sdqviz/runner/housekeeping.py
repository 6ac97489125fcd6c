"""What an app does now and then, whether anyone looks or not: a thread of its own."""

import sys
import threading
import time

from sdqviz.base.errors import SdqvizError
from sdqviz.runner.supervise import Supervisor
from sdqviz.store.store import Store

EVERY_SECONDS = 30.0
_COLLECT_SECONDS = 3600.0  # between looks for files that no run needs: each reads all results


class Housekeeping:
    """Wakes a worker for a run that waits (the last one may have left just then), empties the bin,
    and where `visitors_seconds` is not 0 forgets visitors' runs that are older.
    """

    def __init__(self, store: Store, supervisor: Supervisor, visitors_seconds: float = 0.0) -> None:
        self._store = store
        self._supervisor = supervisor
        self._visitors_seconds = visitors_seconds
        self._collect_at = time.monotonic() + _COLLECT_SECONDS
        self._owed = False  # runs are gone whose files are not

    def start(self) -> None:
        threading.Thread(target=self._go_on, name="housekeeping", daemon=True).start()

    def tidy(self) -> None:
        """Once."""
        runs = self._store.runs
        if runs.waiting():
            self._supervisor.ensure_worker()
        gone = runs.empty_bin()
        if self._visitors_seconds:
            gone += runs.forget_visitors(self._visitors_seconds)
        self._owed = self._owed or gone > 0
        if self._owed and time.monotonic() >= self._collect_at:
            self._collect_at = time.monotonic() + _COLLECT_SECONDS
            self._store.clear_scratch()
            self._store.records.collect_garbage()
            self._owed = False

    def _go_on(self) -> None:
        while True:
            time.sleep(EVERY_SECONDS)
            try:
                self.tidy()
            except (SdqvizError, OSError) as error:  # locked or full: the next round may do
                print(f"housekeeping: {error}", file=sys.stderr, flush=True)
