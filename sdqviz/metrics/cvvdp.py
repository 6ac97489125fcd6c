"""ColorVideoVDP (Mantiuk et al. 2024): differences that a viewer of a display sees, in colour."""

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

DISPLAY = "standard_4k"


class ColorVideoVdp:
    name, label, direction, order = "cvvdp", "ColorVideoVDP (JOD)", "higher", 6
    settings = "package cvvdp, display standard_4k: 30 inch at 0.75 m, 200 cd/m2; 10: none seen"

    def unavailable(self) -> str | None:
        if find_spec("pycvvdp") is None:
            return "its package is not installed: run pip install 'sdqviz[cvvdp]'"
        return None

    def score(self, reference: np.ndarray, test: np.ndarray) -> float:
        import torch

        with torch.no_grad():
            points, _ = _metric().predict(test, reference, dim_order="HWC")
        return float(points)


@lru_cache(maxsize=1)
def _metric() -> Any:
    import pycvvdp
    import torch

    # On the CPU, whatever there is: one machine's scores compare.
    return pycvvdp.cvvdp(display_name=DISPLAY, device=torch.device("cpu"), quiet=True)


METRIC = ColorVideoVdp()
