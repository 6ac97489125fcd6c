"""What drawing with a quantized model once more leaves."""

from dataclasses import dataclass

from sdqviz.results.engine import EngineReport
from sdqviz.results.evaluation import Evaluation


@dataclass(frozen=True, kw_only=True)
class CompareResult(Evaluation):
    """Scenes under an FP model and under a folder made from it."""

    model: str
    engine: EngineReport
    seconds: float  # of the whole run
    peak_bytes: int  # of memory


@dataclass(frozen=True, kw_only=True)
class GenerateResult(CompareResult):
    """A scene under both models of a quantize run, or under a part of its quantized one."""

    run: str  # the quantize run
