"""How sure a median over scenes is: 95 % bootstrap intervals, the scenes drawn with replacement."""

from collections.abc import Sequence

import numpy as np

from sdqviz.base.keys import seed_from

LEVEL = 0.95
RESAMPLES = 2000
_AT_ONCE = 4_000_000  # numbers drawn at a time

Interval = tuple[float, float]


def median_interval(values: Sequence[float], *names: str) -> Interval | None:
    """The interval of the values' median, by percentiles (Efron 1979); None of fewer than two.

    `names` fix the seed: the same values under the same names have the same interval.
    """
    return _interval(np.asarray(values, dtype=np.float64)[:, None], *names)


def paired_interval(
    baseline: Sequence[float], other: Sequence[float], *names: str
) -> Interval | None:
    """The interval of the other's median less the baseline's, both of the same scenes in the same
    order: a resample takes a scene's two values together. None of fewer than two scenes.
    """
    return _interval(np.asarray([baseline, other], dtype=np.float64).T, *names)


def _interval(rows: np.ndarray, *names: str) -> Interval | None:
    """rows: float64 [scenes, 1 or 2]; of two columns the last median less the first."""
    count = len(rows)
    if count < 2:
        return None
    generator = np.random.default_rng(seed_from("bootstrap", *names))
    found = []
    step = max(1, min(RESAMPLES, _AT_ONCE // count))
    for start in range(0, RESAMPLES, step):
        chosen = generator.integers(0, count, (min(step, RESAMPLES - start), count))
        drawn = rows[chosen]
        medians = np.median(drawn, axis=1)
        found.append(medians[:, -1] - medians[:, 0] if rows.shape[1] > 1 else medians[:, 0])
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(np.concatenate(found), (tail, 100 - tail))
    return float(low), float(high)
