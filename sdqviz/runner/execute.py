"""Execute one claimed run: the only place that turns a spec into stages and events into rows.

Callable inline (tests, the CLI, hosts that lend a GPU only inside a request) and by the worker.
"""

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import SECONDS, Event, Log, Progress, Saving, Scalar
from sdqviz.base.memory import PeakMemory
from sdqviz.base.reading import first_line
from sdqviz.base.request import COMPARE, GENERATE, QUANTIZE, SCORE
from sdqviz.base.writing import disk_error
from sdqviz.runner.draw import compare, generate
from sdqviz.runner.interruption import Interruption, Stopped
from sdqviz.runner.machine import DevicePeak
from sdqviz.runner.models import ModelCache
from sdqviz.runner.products import EventLog
from sdqviz.runner.quantize import quantize
from sdqviz.runner.rescore import rescore
from sdqviz.runner.stages import StageRunner
from sdqviz.store.attempt import SupersededError
from sdqviz.store.runs import CANCELLED, DONE, FAILED, Run
from sdqviz.store.store import Store

HEARTBEAT_SECONDS = 2.0
UNHEARD_SECONDS = 6.0  # a cancel that no event has noticed by then interrupts


def execute(
    store: Store,
    run: Run,
    models: ModelCache,
    see: Callable[[Event], None] = lambda event: None,
    stop: Callable[[], None] | None = None,
    interruption: Interruption | None = None,
) -> str:
    """Works a claimed run to its end and returns its final state.

    Every event goes to the store and to `see`. A run stops at the next event after a cancel was
    asked for, or after `interruption` was. `stop`, when given, is called from another thread when
    a cancel goes unheard for long. Raises SupersededError, and leaves the run as it is, where
    another worker took it meanwhile.
    """
    asked = interruption or Interruption()
    log = EventLog(store.records, run.id, run.attempt)

    def keep(event: Event) -> None:
        if isinstance(event, Saving):
            log.flush()
            return
        if not isinstance(event, Progress):  # progress is state: it lives in the run's row
            log.append(event)
        if isinstance(event, Scalar) and event.name == SECONDS:
            log.flush()  # a stage ended: the page shows it now
        see(event)

    with _heartbeat(store, run, asked, stop):
        try:
            state = _work(StageRunner(store, run, log, keep, asked), models, log)
        finally:
            log.flush()
    if state == DONE:
        with suppress(OSError):  # another process may clear at the same moment
            store.clear_scratch()
    return state


def _work(runner: StageRunner, models: ModelCache, log: EventLog) -> str:
    """Works the run and writes down how it ended, after all its events."""
    runs, run, peak, started = runner.store.runs, runner.run, PeakMemory(), time.monotonic()
    device_peak = DevicePeak()

    def finish(state: str, **left: Any) -> str:
        log.flush()
        runs.finish(run.id, state, attempt=run.attempt, **left)
        return state

    try:
        if run.kind not in _WORKERS:
            error = run.error or {"error": f"a run of kind {run.kind!r} is unknown here"}
            raise SdqvizError(error["error"], error.get("hint", "update sdqviz"))
        result = _WORKERS[run.kind](runner, models)
        result["seconds"] = time.monotonic() - started
        result["peak_bytes"] = peak.bytes()
        if device_peak.bytes() is not None:
            result["device_peak_bytes"] = device_peak.bytes()
        return finish(DONE, result=result)
    except Stopped as stopped:
        message = "cancelled; finished parts are kept and a resume starts there"
        runner.keep(Log(message=message))
        return finish(CANCELLED, result=stopped.partial)
    except SupersededError:
        raise
    except SdqvizError as error:
        return finish(FAILED, error=error.as_dict())
    except Exception as error:
        full = disk_error(error)
        if full is not None:
            return finish(FAILED, error=full.as_dict())
        # a bug: recorded whole in the log, one line for the user
        runner.keep(Log(message=traceback.format_exc(), level="error"))
        hint = f"see the whole log: sdqviz runs show {run.id}"
        line = f"{type(error).__name__}: {first_line(error)}"
        return finish(FAILED, error={"error": line, "hint": hint})


_WORKERS = {QUANTIZE: quantize, GENERATE: generate, COMPARE: compare, SCORE: rescore}


@contextmanager
def _heartbeat(
    store: Store, run: Run, asked: Interruption, stop: Callable[[], None] | None
) -> Iterator[None]:
    """Keeps the lease while the context lasts, and passes on a cancel that goes unheard, unless
    the run is at something that is better waited for.
    """
    over = threading.Event()

    def beat() -> None:
        since = None
        while not over.wait(HEARTBEAT_SECONDS):
            try:
                store.runs.heartbeat(run.id, run.attempt)
                cancelled = store.runs.get(run.id).cancel
            except SupersededError:
                return  # what the run writes next is refused, and ends it
            except SdqvizError:
                continue  # locked or full: the run itself tells of it; the next beat may do
            if stop and cancelled and not over.is_set():
                since = since or time.monotonic()
                if time.monotonic() - since > UNHEARD_SECONDS and not asked.patient:
                    stop()

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
