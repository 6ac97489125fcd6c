"""`python -m sdqviz.runner.worker --home DIR --parent PID`: claims and works runs, one by one.

A fresh interpreter in its own process group. It ends when its parent is gone and nothing is left
to do; a run in progress is finished first.
"""

import argparse
import os
import signal
import time
from pathlib import Path

import psutil

IDLE_SECONDS = 0.5


def work(home: Path, parent: int | None = None, once: bool = False) -> None:
    """Works queued runs until the parent is gone (or, with `once`, until none is left)."""
    from sdqviz.runner.catalog import build_catalog
    from sdqviz.runner.execute import execute
    from sdqviz.runner.interruption import Interruption, Stopped
    from sdqviz.runner.models import ModelCache
    from sdqviz.store.store import Store

    store = Store(home)
    store.records.set_catalog(build_catalog(home))
    models = ModelCache(store.folder)
    idle = signal.getsignal(signal.SIGTERM)
    while True:
        run = store.runs.claim()
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
            finally:
                signal.signal(signal.SIGTERM, idle)
        elif once or (parent is not None and not psutil.pid_exists(parent)):
            return
        else:
            time.sleep(IDLE_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--parent", type=int)
    parser.add_argument("--once", action="store_true")
    arguments = parser.parse_args()
    work(arguments.home, arguments.parent, arguments.once)


if __name__ == "__main__":
    main()
