"""An app without a page, and its worker, as processes that can be killed.

Both are forked from this one, which has imported all they need: an interpreter that reads torch
anew takes longer than the run. With `fresh` the workers are what the app starts.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sdqviz.runner import catalog, supervise, worker
from tests.kills.seams import deadly

_PAUSE_SECONDS = 0.05


class Child:
    """A forked process, with what `Supervisor` asks of one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """Its end, or None while it lives."""
        try:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            return 0
        return os.waitstatus_to_exitcode(status) if ended else None

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, and the end of it."""
        self._send(signal.SIGKILL)
        while self.poll() is None:
            time.sleep(0.001)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


def fork(work: Callable[[], None]) -> Child:
    """A child in a session of its own that does this and ends."""
    pid = os.fork()
    if pid:
        return Child(pid)
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def start_app(home: Path, published: dict[str, Any], fresh: bool = False) -> Child:
    """What `sdqviz app` is without its page: it keeps a worker alive, whose catalog is known."""

    def start_worker(folder: Path, *options: str) -> Child:
        parent = os.getpid()

        def work() -> None:
            log = os.open(folder / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            catalog.build_catalog = lambda home: published  # type: ignore[assignment]
            with deadly(folder):
                worker.work(folder, parent, lane="--lane" in options)

        return fork(work)

    script = os.getpid()

    def serve() -> None:
        if not fresh:
            supervise.start_worker = start_worker  # type: ignore[assignment]
        supervisor = supervise.Supervisor(home)
        while os.getppid() == script:  # it does not outlive whoever started it
            supervisor.ensure_worker()
            time.sleep(_PAUSE_SECONDS)

    return fork(serve)
