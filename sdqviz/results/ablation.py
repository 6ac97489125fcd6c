"""An ablation's table."""

from collections.abc import Sequence
from dataclasses import dataclass

from sdqviz.results.row import Row


@dataclass(frozen=True, kw_only=True)
class Spread(Row):
    """Median and range over the seeds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ArmRow(Row):
    """One arm at one bit width (`sweeps.ablation`): held-out medians over the seeds.

    `..._over_floor` is the error above the noise floor, `..._ratio` that error's share of the first
    arm's at the same bits.
    """

    bits: str  # W4A8
    arm: str
    seeds: int
    flip: Spread
    flip_over_floor: Spread
    flip_ratio: Spread
    ssim: Spread
    ssim_over_floor: Spread
    ssim_ratio: Spread
    st_lpips: Spread | None = None  # None where an arm of an older run has no such score
    st_lpips_over_floor: Spread | None = None
    st_lpips_ratio: Spread | None = None
    replay: Spread  # mean relative squared error over the steps
    free_run: Spread  # relative squared error of the last step
    seconds: float  # of a run: the median
    peak_bytes: int  # the largest
    samples_per_second: float | None  # None where nothing is trained
    frozen: float | None  # blocks: the median


@dataclass(frozen=True, kw_only=True)
class AblationResult(Row):
    """The table, and the ids of the quantize runs behind it."""

    rows: Sequence[ArmRow]
    arms: Sequence[str]
