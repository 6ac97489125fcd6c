"""Structural similarity (Wang et al. 2004), by scikit-image."""

from typing import Any

import numpy as np
from skimage.metrics import structural_similarity

# scikit-image's defaults are another SSIM: uniform window, sample covariance.
SETTINGS: dict[str, Any] = {
    "channel_axis": -1,
    "data_range": 255,
    "gaussian_weights": True,
    "sigma": 1.5,
    "use_sample_covariance": False,
}


class Ssim:
    name, label, direction, order = "ssim", "SSIM", "higher", 2
    smallest = 11  # the window's taps
    settings = "Wang et al. 2004: 11-tap Gaussian, sigma 1.5, RGB mean, data range 255"

    def unavailable(self) -> str | None:
        return None

    def score(self, reference: np.ndarray, test: np.ndarray) -> float:
        value = structural_similarity(reference, test, **SETTINGS)
        return float(value)


METRIC = Ssim()
