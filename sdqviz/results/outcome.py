"""A stored result as its kind of run left it."""

import functools
import json
from collections.abc import Mapping
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.reading import reading
from sdqviz.base.request import ABLATE, COMPARE, GENERATE, LADDER, LEADERBOARD, QUANTIZE, SCORE
from sdqviz.results.ablation import AblationResult
from sdqviz.results.drawn import CompareResult, GenerateResult
from sdqviz.results.ladder import LadderResult
from sdqviz.results.leaderboard import LeaderboardResult
from sdqviz.results.quantize import QuantizedModel, QuantizeResult
from sdqviz.results.score import ScoreResult

Outcome = (
    QuantizedModel
    | QuantizeResult
    | GenerateResult
    | CompareResult
    | AblationResult
    | ScoreResult
    | LadderResult
    | LeaderboardResult
)


class ResultRow(dict[str, Any]):
    """A result's JSON, which is read into its type once however many readers there are."""

    def __init__(self, kind: str, row: Mapping[str, Any]) -> None:
        super().__init__(row)
        self.kind = kind

    @classmethod
    def read(cls, kind: str, text: Any) -> "ResultRow":
        """The row of a result's text; of a damaged one it is empty, and its outcome an error."""
        try:
            row = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            row = None
        read = cls(kind, row if isinstance(row, dict) else {})
        read.is_damaged = not isinstance(row, dict)
        return read

    is_damaged = False

    @functools.cached_property
    def outcome(self) -> Outcome | None:
        if self.is_damaged:
            raise SdqvizError(f"the result of this {self.kind} run is damaged", "run it again")
        return read_outcome(self.kind, self)


def read_outcome(kind: str, row: Mapping[str, Any]) -> Outcome | None:
    """The result of a run of this kind. None of a quantize run that packed nothing, as a helper of
    a training on several processes does; raises SdqvizError for what no version writes.
    """
    with reading(f"the result of a {kind} run", "run it again"):
        return _read(kind, row)


def _read(kind: str, row: Mapping[str, Any]) -> Outcome | None:
    if kind == QUANTIZE:
        if "packed" not in row:
            return None
        is_scored = "scenes" in row  # else what a cancelled training left
        return (QuantizeResult if is_scored else QuantizedModel).from_row(row)
    kinds: dict[str, type[Outcome]] = {
        GENERATE: GenerateResult,
        COMPARE: CompareResult,
        ABLATE: AblationResult,
        SCORE: ScoreResult,
        LADDER: LadderResult,
        LEADERBOARD: LeaderboardResult,
    }
    if kind not in kinds:
        raise SdqvizError(f"a run of kind {kind!r} is unknown here", "update sdqviz")
    return kinds[kind].from_row(row)
