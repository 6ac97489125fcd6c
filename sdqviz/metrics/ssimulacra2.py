"""SSIMULACRA 2 (Sneyers 2023): structure and edges at six scales, fitted to people's votes.

The formulas and weights are those of the package `ssimulacra2`. Two of its steps are done here,
because its own differ from the reference program of libjxl, by up to 44 points of 100 on pictures
of 128 pixels: the blur sees zeros beyond all four borders, with the reference's truncated cosines
instead of a Gaussian; and a scale that a small picture lacks keeps its place among the weights.
Below 113 pixels a side the reference itself mixes up its weights: there is no number.
"""

from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy import ndimage

_SIGMA = 1.5
_RADIUS = 5  # round(3.2795 sigma + 0.2546), beyond which the blur's weights are 0
_SCALES, _LEAST = 6, 8  # pixels a side of a scale


class Ssimulacra2:
    name, label, direction, order = "ssimulacra2", "SSIMULACRA 2", "higher", 5
    smallest = 113  # five scales
    settings = "version 2.1, sRGB, as libjxl 0.11; identical pictures count as 100"

    def unavailable(self) -> str | None:
        if find_spec("ssimulacra2") is None:
            return "its package is not installed: run pip install 'sdqviz[ssimulacra2]'"
        return None

    def score(self, reference: np.ndarray, test: np.ndarray) -> float:
        from ssimulacra2 import ssimulacra2 as formulas

        linear = [formulas.srgb_to_linear(picture) for picture in (reference, test)]
        total = 0.0
        for scale in range(_SCALES):
            if scale:
                linear = [formulas.downsample(picture, 2, 2) for picture in linear]
            if min(linear[0].shape[:2]) < _LEAST:
                break
            total += _weighted(formulas, scale, *linear)
        return _points(total)


def _weighted(formulas: Any, scale: int, first: np.ndarray, second: np.ndarray) -> float:
    """The weighted errors of one scale; pictures in linear light, float64 [H, W, 3]."""
    one, other = (
        formulas.make_positive_xyb(formulas.linear_rgb_to_xyb(picture))
        for picture in (first, second)
    )
    mean_one, mean_other = _blurred(one), _blurred(other)
    squares = (_blurred(one * one), _blurred(other * other), _blurred(one * other))
    structure = formulas.ssim_map(mean_one, mean_other, *squares)
    edges = formulas.edge_diff_map(one, mean_one, other, mean_other)
    weights = formulas.weights.reshape(3, _SCALES, 2, 3)[:, scale]  # channel, norm, kind of error
    errors = np.stack(
        [structure.reshape(3, 2), edges.reshape(3, 4)[:, :2], edges.reshape(3, 4)[:, 2:]], axis=-1
    )
    return float((weights * np.abs(errors)).sum())


def _points(total: float) -> float:
    """100 less what the weighted errors cost (the reference's fitted polynomial and power)."""
    x = total * 0.9562382616834844
    x = 2.326765642916932 * x - 0.020884521182843837 * x**2 + 6.248496625763138e-05 * x**3
    return 100.0 - 10.0 * x**0.6276336467831387 if x > 0 else 100.0


def _blurred(picture: np.ndarray) -> np.ndarray:
    kernel = _kernel()
    for axis in (0, 1):
        picture = ndimage.correlate1d(picture, kernel, axis=axis, mode="constant", cval=0.0)
    return picture


def _kernel() -> np.ndarray:
    """The 11 weights of libjxl's blur: three cosines that vanish at the radius, of which the sum
    and the variance are a Gaussian's (Charalampidis 2016, equations 33 to 53).
    """
    odd = np.array([1.0, 3.0, 5.0])
    omega = odd * np.pi / (2 * _RADIUS)
    sign = np.array([1.0, -1.0, 1.0])
    p = sign / np.tan(0.5 * omega)
    r = sign * p**2 / np.sin(omega)
    rho = np.exp(-0.5 * _SIGMA**2 * omega**2) / _RADIUS
    scale = p[0] * r[1] - r[0] * p[1]
    zeta = np.array([(p[1] * r[2] - r[1] * p[2]) / scale, (p[2] * r[0] - r[2] * p[0]) / scale, 1.0])
    system = np.stack([p, r, zeta])
    beta = np.linalg.solve(system, [1.0, _RADIUS**2 - _SIGMA**2, zeta @ rho])
    places = np.arange(-_RADIUS, _RADIUS + 1)
    return (beta[:, None] * np.cos(omega[:, None] * places)).sum(0)


METRIC = Ssimulacra2()
