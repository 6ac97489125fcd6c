"""`python -m sdqviz.runner.worker --home DIR --parent PID`: claims and works runs, one by one.

A fresh interpreter in its own process group. It ends when its parent is gone and nothing is left
to do; a run in progress is finished first. With --rest it leaves when there has been no job for so
long, and its memory with it. With --lane it is a second worker beside one that is busy with a long
job: it works short jobs only.
"""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from sdqviz.base.errors import SdqvizError

IDLE_SECONDS = 0.5


def work(
    home: Path,
    parent: int | None = None,
    once: bool = False,
    lane: bool = False,
    rest_seconds: float | None = None,
) -> None:
    """Works queued runs until the parent is gone; with `once` until none is left, with
    `rest_seconds` until there was none for so long.
    """
    from sdqviz.runner.catalog import build_catalog
    from sdqviz.runner.execute import execute
    from sdqviz.runner.interruption import Interruption, Stopped
    from sdqviz.runner.models import ModelCache
    from sdqviz.store.attempt import SupersededError
    from sdqviz.store.process import born, is_alive
    from sdqviz.store.store import Store

    started = born(parent) if parent is not None else None
    store = Store(home)
    if not lane:
        store.records.set_catalog(build_catalog(home))
    models = ModelCache(store.folder)
    idle = signal.getsignal(signal.SIGTERM)
    last = time.monotonic()
    while True:
        run = store.runs.claim(only_short=lane)
        if run is not None:
            interruption = Interruption()
            signal.signal(signal.SIGTERM, interruption)
            try:
                execute(
                    store,
                    run,
                    models,
                    stop=lambda: os.kill(os.getpid(), signal.SIGTERM),
                    interruption=interruption,
                )
            except Stopped:
                pass  # the signal came when the run had just ended
            except SupersededError as error:
                print(f"worker {os.getpid()}: {error}", file=sys.stderr, flush=True)
            finally:
                signal.signal(signal.SIGTERM, idle)
                last = time.monotonic()
        elif once or (parent is not None and not is_alive(parent, started)):
            return  # its number may live on as another process, or as one that nobody buried
        elif rest_seconds is not None and time.monotonic() - last > rest_seconds:
            return
        else:
            time.sleep(IDLE_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--parent", type=int)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--lane", action="store_true")
    parser.add_argument("--rest", type=float, help="seconds without a job until it leaves")
    arguments = parser.parse_args()
    try:
        work(arguments.home, arguments.parent, arguments.once, arguments.lane, arguments.rest)
    except SdqvizError as error:  # of the store: its supervisor starts another one
        print(f"worker {os.getpid()}: {error}", file=sys.stderr, flush=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
