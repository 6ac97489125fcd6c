"""Coloured grounds: plain with a light, cloudy, striped, checkered, dotted, wooden."""

from functools import cache

import numpy as np
from PIL import Image

from sdqviz.minis.world.vocabulary import COLOURS

_EDGE = 1.0  # width of the soft border between two tones, in pixels


def ground(colour: str, pattern: str, pixels: int, rng: np.random.Generator) -> np.ndarray:
    """float32 [pixels, pixels, 3] in 0 to 255; the generator decides light and phase."""
    base = np.array(COLOURS[colour], dtype=np.float32)
    luminance = float(base @ np.array([0.299, 0.587, 0.114], dtype=np.float32))
    # The second tone: towards white for dark colours, towards black for light ones, so that a
    # colour keeps its name.
    other = base + (255.0 - base) * 0.26 if luminance < 150.0 else base * 0.76
    share = _SHARES[pattern](pixels, rng)
    picture = base + (other - base) * share[..., None]
    return picture * _light(pixels, rng)[..., None]


@cache
def _grid(pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y in -1 to 1, float32 [pixels, pixels]."""
    line = (np.arange(pixels, dtype=np.float32) + 0.5) * (2.0 / pixels) - 1.0
    x, y = np.meshgrid(line, line)
    return x, y


def _light(pixels: int, rng: np.random.Generator) -> np.ndarray:
    """Brightness falling off from one side, and a little towards the corners."""
    x, y = _grid(pixels)
    angle, strength = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(0.05, 0.22)
    slope = (x * np.cos(angle) + y * np.sin(angle)) * strength
    return (1.03 + slope - 0.06 * (x * x + y * y)).astype(np.float32)


def _noise(
    pixels: int, cells: int, rng: np.random.Generator, along: int | None = None
) -> np.ndarray:
    """Smooth noise around 0, float32: about `cells` bumps down, `along` (or as many) across."""
    along = along or cells
    rough = Image.fromarray(rng.standard_normal((cells + 3, along + 3)).astype(np.float32))
    box = (1.0, 1.0, along + 2.0, cells + 2.0)
    return np.asarray(rough.resize((pixels, pixels), Image.Resampling.BICUBIC, box=box))


def _turned(pixels: int, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """The grid in pixels from the centre, turned by `angle`."""
    x, y = _grid(pixels)
    half, cosine, sine = pixels / 2, np.cos(angle), np.sin(angle)
    return (x * cosine + y * sine) * half, (y * cosine - x * sine) * half


def _wave(position: np.ndarray, period: float) -> np.ndarray:
    """Distance in pixels to the nearest border of stripes `period` wide, inside positive."""
    inside = np.mod(position, 2.0 * period)
    return period / 2 - np.abs(inside - period / 2 - np.where(inside > 1.5 * period, 2 * period, 0))


def _soft(distance: np.ndarray) -> np.ndarray:
    return np.clip(distance / _EDGE + 0.5, 0.0, 1.0)


def _plain(pixels: int, rng: np.random.Generator) -> np.ndarray:
    return np.zeros((pixels, pixels), dtype=np.float32)


def _cloudy(pixels: int, rng: np.random.Generator) -> np.ndarray:
    noise = _noise(pixels, 3, rng) + 0.45 * _noise(pixels, 7, rng) + 0.15 * _noise(pixels, 14, rng)
    return np.clip(0.5 + 0.6 * noise, 0.0, 1.3)


def _striped(pixels: int, rng: np.random.Generator) -> np.ndarray:
    across, _ = _turned(pixels, rng.uniform(0.0, np.pi))
    period = pixels / 128 * rng.uniform(11.0, 15.0)
    return _soft(_wave(across + rng.uniform(0.0, 2 * period), period))


def _checkered(pixels: int, rng: np.random.Generator) -> np.ndarray:
    x, y = _turned(pixels, rng.uniform(-0.2, 0.2))
    period = pixels / 128 * rng.uniform(17.0, 23.0)
    a = _soft(_wave(x + rng.uniform(0.0, 2 * period), period))
    b = _soft(_wave(y + rng.uniform(0.0, 2 * period), period))
    return a + b - 2.0 * a * b


def _dotted(pixels: int, rng: np.random.Generator) -> np.ndarray:
    x, y = _turned(pixels, rng.uniform(-0.3, 0.3))
    period = pixels / 128 * rng.uniform(18.0, 23.0)
    x, y = x + rng.uniform(0.0, period), y + rng.uniform(0.0, period)
    row = np.floor(y / period)
    dx = np.mod(x + np.mod(row, 2.0) * period / 2, period) - period / 2
    dy = np.mod(y, period) - period / 2
    return _soft(0.29 * period - np.hypot(dx, dy)) * 1.3


def _wooden(pixels: int, rng: np.random.Generator) -> np.ndarray:
    """Grain: rings bent by noise that is long along the grain and short across it."""
    x, y = _grid(pixels)
    slow, fine = _noise(pixels, 2, rng, along=1), _noise(pixels, 5, rng, along=1)
    knots = _noise(pixels, 3, rng, along=2)
    bent = 1.7 * (y + 0.06 * x) + 0.5 * slow + 0.16 * fine + 0.35 * knots
    rings = 0.5 + 0.5 * np.sin(2.0 * np.pi * bent * rng.uniform(0.9, 1.2))
    share = np.clip(0.1 + 1.1 * rings**1.5 + 0.12 * _noise(pixels, 24, rng, along=2), 0.0, 1.4)
    return share.T if rng.random() < 0.5 else share


_SHARES = {
    "plain": _plain,
    "cloudy": _cloudy,
    "striped": _striped,
    "checkered": _checkered,
    "dotted": _dotted,
    "wooden": _wooden,
}
