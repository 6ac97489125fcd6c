"""Scores of one box of a pair of pictures, in numpy: what the page computes itself."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from sdqviz.base.errors import SdqvizError
from sdqviz.metrics.flip import flip_values
from sdqviz.metrics.ssim import SETTINGS


def box_scores(
    reference: Path, test: Path, x: int, y: int, width: int, height: int
) -> dict[str, float]:
    """{"ssim", "flip"} of a box in pixels of two equally large PNG files; PSNR the page has itself.

    They are means over the box of the whole pictures' maps: both look at a pixel's surroundings,
    which a cut-out would lack. Raises SdqvizError for a box outside the picture.
    """
    first, second = _picture(reference), _picture(test)
    if first.shape != second.shape:
        raise SdqvizError(
            f"pictures of {first.shape[1]} x {first.shape[0]} and "
            f"{second.shape[1]} x {second.shape[0]} pixels",
            "choose two pictures of one size",
        )
    rows, columns = first.shape[:2]
    if x < 0 or y < 0 or width < 1 or height < 1 or x + width > columns or y + height > rows:
        raise SdqvizError(
            f"the box {width} x {height} at ({x}, {y}) is not inside {columns} x {rows} pixels",
            "drag it on the picture",
        )
    inside = np.s_[y : y + height, x : x + width]
    ssim, flip = _maps(reference, test)
    return {
        "ssim": float(ssim[inside].mean()),
        "flip": float(flip[inside].mean()),
    }


@lru_cache(maxsize=8)
def _maps(reference: Path, test: Path) -> tuple[np.ndarray, np.ndarray]:
    """The SSIM map (mean of the channels) and the FLIP map, each [H, W]."""
    first, second = _picture(reference), _picture(test)
    # scikit-image's type says nothing of `full`, which adds the map.
    ssim: Any = structural_similarity(first, second, full=True, **SETTINGS)
    return ssim[1].mean(axis=-1), flip_values(first, second)


@lru_cache(maxsize=16)
def _picture(file: Path) -> np.ndarray:
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB"))
