"""How a run is stopped from outside, and how it is left in peace while it unwinds."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stopped(BaseException):
    """Raised inside a run to unwind it: someone asked it to stop.

    `partial` is what the run leaves behind for now, if that is of use.
    """

    partial: dict[str, Any] | None = None


class Interruption:
    """A signal handler: the first signal stops the run at its next event, a second at once."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, number: int, frame: Any) -> None:
        if self.asked:
            raise Stopped
        self.asked = True


@contextmanager
def undisturbed() -> Iterator[None]:
    """Signals wait while a run unwinds: it saves its state then. SIGKILL still comes in time."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {s: signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
