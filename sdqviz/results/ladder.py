"""A ladder: the same scenes under one model with ever fewer bits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdqviz.results.row import Row


@dataclass(frozen=True, kw_only=True)
class LadderScene(Row):
    """One scene as the FP model draws it."""

    id: str
    prompt: str
    seed: int
    picture: str  # blob of a PNG
    timesteps: Sequence[float]  # of the network calls, descending
    floor: Mapping[str, float]  # metric -> score of the noise floor
    ceiling: Mapping[str, float]  # metric -> score of another seed


@dataclass(frozen=True, kw_only=True)
class RungScene(Row):
    """The same scene on a rung."""

    id: str
    picture: str  # blob of a PNG
    scores: Mapping[str, float]
    free_run: Sequence[float]  # relative squared error of the latents after each call


@dataclass(frozen=True, kw_only=True)
class Rung(Row):
    """One quantize run of the ladder."""

    bits: str  # W4A8
    recipe: str
    run: str  # its id where the ladder was made
    bytes: int  # of the packed network
    fp_bytes: int
    medians: Mapping[str, float]  # metric -> median over the scenes
    scenes: Sequence[RungScene]


@dataclass(frozen=True, kw_only=True)
class LadderResult(Row):
    """`rungs` from the most bits to the fewest; each has all `scenes`, in their order."""

    model: str
    metrics: Mapping[str, str]  # metric -> label
    scenes: Sequence[LadderScene]
    rungs: Sequence[Rung]
