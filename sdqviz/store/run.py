"""One run as the store knows it: its row, and its result, read when it is asked for."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.results.evaluation import Evaluation
from sdqviz.results.outcome import Outcome, ResultRow
from sdqviz.results.quantize import QuantizedModel, QuantizeResult
from sdqviz.results.scene import SceneRow

QUEUED, RUNNING, STOPPING = "queued", "running", "stopping"
FINISHING = "finishing"  # running, its training to end at the next step
DONE, FAILED, CANCELLED, INTERRUPTED = "done", "failed", "cancelled", "interrupted"
ACTIVE = (RUNNING, STOPPING, FINISHING)
NEWER = "of a newer sdqviz"  # finished, but this version may misread its result
RESUMABLE = (FAILED, CANCELLED, INTERRUPTED)
_UNREAD: Any = object()


@dataclass(frozen=True, kw_only=True)
class Run:
    """One row of runs, its JSON columns read and shared between readers: never change them.

    `result` is the JSON as stored, read (by `read`) when it is asked for; `outcome` and what
    follows it are how to read it.
    """

    id: str
    kind: str
    spec: dict[str, Any]
    state: str
    stage: str
    progress: float
    eta_seconds: float | None
    result: dict[str, Any] | None = field(default_factory=lambda: _UNREAD, compare=False)
    read: Callable[[], dict[str, Any] | None] = field(default=lambda: None, compare=False)
    error: dict[str, str] | None
    created: float
    started: float | None
    ended: float | None
    attempt: int
    cancel: bool
    pid: int | None
    pid_started: float | None
    seconds: float | None = None  # how long a finished run took: its last attempt
    visitor: str = ""  # who asked for it, where that is known
    place: str = ""  # where in its stage it is, in words
    eta_low: float | None = None  # the seconds that are left lie between these
    eta_high: float | None = None
    name: str = ""  # that somebody gave it
    tags: tuple[str, ...] = ()
    deleted: float | None = None  # since when it is in the bin
    dismissed: bool = False  # a job that stopped, and is out of sight

    def __post_init__(self) -> None:
        if self.result is _UNREAD:
            object.__delattr__(self, "result")

    def __getattr__(self, name: str) -> Any:
        if name == "result":  # not kept here: runs are listed by the thousand
            return self.read()
        raise AttributeError(name)

    @property
    def outcome(self) -> Outcome | None:
        """What the run left behind, by its kind; None of a run without a result, of one that packed
        nothing, of one that a newer sdqviz made, and of one whose result is damaged: in a list it
        must hide no other. `read_outcome` tells of that.
        """
        try:
            return self.read_outcome()
        except SdqvizError:
            return None

    def read_outcome(self) -> Outcome | None:
        """As `outcome`; raises SdqvizError for a damaged result."""
        if self.state == NEWER:
            return None
        if "result" in self.__dict__:
            return self._given_outcome
        kept = self.result
        return kept.outcome if isinstance(kept, ResultRow) else None

    @functools.cached_property
    def _given_outcome(self) -> Outcome | None:
        return None if self.result is None else ResultRow(self.kind, self.result).outcome

    @property
    def quantized(self) -> QuantizeResult:
        """The result of a quantize run with scores; raises SdqvizError when it is none."""
        if isinstance(found := self.read_outcome(), QuantizeResult):
            return found
        raise SdqvizError(f"run {self.id} is {self.state}", "choose a finished quantize run")

    @property
    def quantized_model(self) -> QuantizedModel | None:
        """The quantized model that a quantize run left, maybe without scores."""
        return self.outcome if isinstance(self.outcome, QuantizedModel) else None

    @property
    def evaluation(self) -> Evaluation | None:
        """The scenes that the run drew with both models, and their scores."""
        return self.outcome if isinstance(self.outcome, Evaluation) else None

    @property
    def scenes(self) -> Sequence[SceneRow]:
        """Those scenes; none where nothing was drawn."""
        return self.evaluation.scenes if self.evaluation else ()

    @property
    def peak_bytes(self) -> int | None:
        """Of memory, of a finished run: the process, or what it took on the device."""
        return (self.result or {}).get("peak_bytes")
