"""Two questions beside the judge's: do seeds differ as they should, and is anything copied?"""

from functools import cache

import numpy as np
from PIL import Image

from sdqviz.metrics.st_lpips import METRIC
from sdqviz.minis.world.captions import Caption, training_captions
from sdqviz.minis.world.dataset import COUNT
from sdqviz.minis.world.scenes import render

_REDUCED = 32


def mean_distance(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Mean ST-LPIPS of pairs of pictures uint8 [128, 128, 3]."""
    return float(np.mean([METRIC.score(one, other) for one, other in pairs]))


def rendered_pairs(captions: list[Caption]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two ideal pictures of each caption, with different seeds."""
    return [(np.asarray(render(c, 0)), np.asarray(render(c, 1))) for c in captions]


def nearest_training_distance(picture: np.ndarray, caption: Caption) -> float | None:
    """Root mean square difference (0 to 255, at 32 x 32 pixels) to the nearest training picture
    with the same ground and one of the names; None where there is none.
    """
    small = _reduced(picture)
    rows = [
        index
        for index in _rows_by_ground().get(caption.ground, [])
        if set(_training()[index].names) & set(caption.names)
    ]
    distances = [
        float(np.sqrt(np.square(small - _reduced(_rendered(index))).mean())) for index in rows
    ]
    return min(distances, default=None)


def _reduced(picture: np.ndarray) -> np.ndarray:
    reduced = Image.fromarray(picture).resize((_REDUCED, _REDUCED), Image.Resampling.BOX)
    return np.asarray(reduced, dtype=np.float32)


@cache
def _training() -> list[Caption]:
    return training_captions(COUNT)


@cache
def _rows_by_ground() -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for index, caption in enumerate(_training()):
        rows.setdefault(caption.ground, []).append(index)
    return rows


@cache
def _rendered(index: int) -> np.ndarray:
    return np.asarray(render(_training()[index], index))
