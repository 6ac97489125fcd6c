"""Peak signal-to-noise ratio."""

import math

import numpy as np

IDENTICAL_DB = 100.0


class Psnr:
    name, label, direction, order = "psnr", "PSNR (dB)", "higher", 3
    settings = "uint8, data range 255; identical pictures count as 100 dB"

    def unavailable(self) -> str | None:
        return None

    def score(self, reference: np.ndarray, test: np.ndarray) -> float:
        error = np.square(reference.astype(np.float64) - test.astype(np.float64)).mean()
        return IDENTICAL_DB if error == 0 else 10 * math.log10(255**2 / error)


METRIC = Psnr()
