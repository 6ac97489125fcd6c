"""A leaderboard: the same scenes under every method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdqviz.results.row import Row


@dataclass(frozen=True, kw_only=True)
class BoardScene(Row):
    """One of the scenes whose pictures are kept, as the FP model draws it."""

    id: str
    prompt: str
    seed: int
    picture: str  # blob of a PNG


@dataclass(frozen=True, kw_only=True)
class Paired(Row):
    """A method against the reference method at the same bits, scene by scene.

    `change` is the median of the method less the reference's, `interval` its 95 % interval
    (bootstrap over scenes, each with both its scores), None of a single scene.
    """

    change: float
    interval: tuple[float, float] | None
    better: int  # scenes on which the method is better
    scenes: int


@dataclass(frozen=True, kw_only=True)
class BoardScore(Row):
    """One metric of one method at one bit width. A scene's score is its median over the seeds.

    In the metric's own unit. `over_floor` is the error beyond the noise floor's, positive where the
    method is worse, and `share` that of round to nearest at the same bits (None without it).
    """

    median: float
    interval: tuple[float, float] | None  # of the median, 95 %, bootstrap over scenes
    floor: float
    ceiling: float
    over_floor: float
    share: float | None = None
    paired: Paired | None = None  # None of the reference method itself, and without it


@dataclass(frozen=True, kw_only=True)
class BoardRow(Row):
    """A method at one bit width: medians over its runs, one a seed."""

    method: str  # the recipe's name
    bits: str  # W4A8
    runs: Sequence[str]  # their ids where the board was made
    scores: Mapping[str, BoardScore]
    training_seconds: float | None = None  # None where nothing is trained
    samples: float | None = None  # that each part of the network learned from
    seconds: float  # of a whole run
    peak_bytes: int  # the largest of the runs
    bytes: int  # of the packed network
    fp_bytes: int
    pictures: Sequence[str]  # blobs of PNGs, of the board's scenes in their order: the first seed's


@dataclass(frozen=True, kw_only=True)
class BoardMetric(Row):
    label: str
    direction: str  # "higher" or "lower" is better
    settings: str


@dataclass(frozen=True, kw_only=True)
class BoardMethod(Row):
    """What a method is, in words."""

    label: str
    summary: str
    paper: str  # an arXiv number, or nothing


@dataclass(frozen=True, kw_only=True)
class LeaderboardResult(Row):
    """`rows` by bit width, then by the first metric's error, the best first."""

    model: str
    preset: str
    equal: str  # "time", "samples", or nothing: each method's own preset
    reference: str  # the method that others are paired with
    seeds: int
    scored_scenes: int
    metrics: Mapping[str, BoardMetric]
    methods: Mapping[str, BoardMethod]
    scenes: Sequence[BoardScene]
    rows: Sequence[BoardRow]
