"""How long the rest of a run takes: a range between what its paces say."""

from collections import deque
from dataclasses import dataclass

_TOLD_FROM = 0.02  # the share of the work from which the time left can be told
_STAGE_FROM = 0.01  # the share from which a stage has a pace of its own
_RECENT = 0.25  # the newest part of a stage's time that is looked at alone
_RECENT_SECONDS = 20.0  # at least


@dataclass(frozen=True)
class Left:
    """Seconds: by the pace of this stage so far, and between what all paces say."""

    seconds: float
    low: float
    high: float


class Pace:
    """Follows a run's share of work over time. A share that a stage begins with counts as found,
    not as worked: what lies in the store or in a training's saved state took no time.
    """

    def __init__(self) -> None:
        self._stage = ""
        self._points: deque[tuple[float, float]] = deque()  # (seconds, share), of the newest part
        self._began = (0.0, 0.0)
        self._before = (0.0, 0.0)  # seconds and share of all earlier stages

    def note(self, stage: str, share: float, now: float) -> Left | None:
        """Takes in that a stage has reached a share of the run at a time in seconds; returns what
        is left, once that can be told.
        """
        if stage != self._stage:
            if self._points:
                spent, done = self._worked()
                self._before = (self._before[0] + spent, self._before[1] + done)
            self._stage, self._began = stage, (now, share)
            self._points.clear()
        self._points.append((now, share))
        window = max(_RECENT_SECONDS, _RECENT * (now - self._began[0]))
        while len(self._points) > 1 and self._points[1][0] <= now - window:
            self._points.popleft()
        return self._left(1 - share)

    def _worked(self) -> tuple[float, float]:
        (now, share), (then, before) = self._points[-1], self._began
        return now - then, share - before

    def _left(self, rest: float) -> Left | None:
        own = self._worked()
        whole = (own[0] + self._before[0], own[1] + self._before[1])
        if whole[1] < _TOLD_FROM or whole[0] <= 0:
            return None
        main = own if own[1] >= _STAGE_FROM and own[0] > 0 else whole
        (then, before), (now, share) = self._points[0], self._points[-1]
        paces = [main, (now - then, share - before)]
        told = [rest * seconds / done for seconds, done in paces if done > 0]
        return Left(told[0], min(told), max(told))
