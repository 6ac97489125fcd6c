"""What scoring a finished run once more leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

from sdqviz.results.row import Row


@dataclass(frozen=True, kw_only=True)
class ScoreResult(Row):
    """The scores themselves are in the result of the run that was scored."""

    run: str  # that was scored
    scored: Sequence[str]  # the metrics that were added
    seconds: float
    peak_bytes: int
