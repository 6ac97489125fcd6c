"""How a run is stopped from outside, and how it is left in peace while it unwinds."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """Raised inside a run to unwind it: someone asked it to stop.

    `partial` is what the run leaves behind for now, if that is of use.
    """

    partial: dict[str, Any] | None = None


class Interruption:
    """A signal handler: the first signal stops the run at its next event, a second at once.

    While it is `patient`, as during a training, whose student is worth more than the time of a
    step, a second signal waits as the first does, and a third ends the process as it stands.
    """

    def __init__(self) -> None:
        self.asked = self.patient = False
        self._count = 0

    def __call__(self, number: int, frame: Any) -> None:
        self._count += 1
        if self.patient and self._count > 2:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        if self.asked and not self.patient:
            raise Stopped
        self.asked = True

    @contextmanager
    def waiting(self, patient: bool = True) -> Iterator[None]:
        """Inside it is patient, if asked to be."""
        before, self.patient = self.patient, self.patient or patient
        try:
            yield
        finally:
            self.patient = before

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Signals wait while a run unwinds: it saves its state then. A third ends it, where this
        is their handler; elsewhere SIGKILL still does.
        """
        with self.waiting():
            if threading.current_thread() is not threading.main_thread():
                yield
                return
            before = {s: signal.getsignal(s) for s in _SIGNALS}
            others = [s for s, handler in before.items() if handler is not self]
            for number in others:
                signal.signal(number, signal.SIG_IGN)
            try:
                yield
            finally:
                for number in others:
                    signal.signal(number, before[number])
