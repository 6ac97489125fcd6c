"""Working a run in this process: what the command line and the Python API do."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event
from sdqviz.runner.execute import execute
from sdqviz.runner.interruption import Interruption
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import DONE, Run
from sdqviz.store.store import Store


def work_here(store: Store, run_id: str, see: Callable[[Event], None]) -> Run:
    """Claims and works one run here; raises SdqvizError unless it is done."""
    run = store.runs.claim(run_id)
    if run is None:
        raise SdqvizError(f"run {run_id} is not queued", "see: sdqviz runs list")
    with _stoppable() as (stop, interruption):
        execute(store, run, ModelCache(store.folder), see, stop, interruption)
    run = store.runs.get(run_id)
    if run.state != DONE:
        error = run.error or {"error": f"run {run.id} was {run.state}"}
        hint = error.get("hint") or f"go on with: sdqviz runs resume {run.id}"
        raise SdqvizError(error["error"], hint)
    return run


@contextmanager
def _stoppable() -> Iterator[tuple[Callable[[], None] | None, Interruption]]:
    """In the main thread, Ctrl-C and SIGTERM stop the run instead of killing it; twice: at once."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield None, interruption
        return
    before = {s: signal.signal(s, interruption) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: signal.raise_signal(signal.SIGTERM), interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
