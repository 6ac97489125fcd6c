"""Places: a view into a panorama, by yaw and pitch, a little out of focus."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from sdqviz.base.assets import assets_folder

PANORAMA_PIXELS = (512, 256)
FIELD_DEGREES = (70.0, 80.0)
PITCH_DEGREES = (-9.0, 1.0)  # mostly down: the objects stand on something
_BLUR_PIXELS = 0.7  # of 128


def place_file(place: str) -> Path:
    return assets_folder() / "places" / f"{place}.webp"


@cache
def panorama(place: str) -> np.ndarray:
    """float32 [256, 512, 3] in 0 to 255, equirectangular."""
    with Image.open(place_file(place)) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.float32)


def view(place: str, pixels: int, rng: np.random.Generator) -> np.ndarray:
    """float32 [pixels, pixels, 3] in 0 to 255; the generator decides where it looks."""
    yaw, pitch = rng.uniform(0.0, 2.0 * np.pi), np.radians(rng.uniform(*PITCH_DEGREES))
    field, gain = np.radians(rng.uniform(*FIELD_DEGREES)), rng.uniform(0.92, 1.08)
    seen = _perspective(panorama(place), yaw, pitch, field, pixels)
    picture = Image.fromarray(np.clip(seen * gain, 0.0, 255.0).astype(np.uint8))
    blurred = picture.filter(ImageFilter.GaussianBlur(_BLUR_PIXELS * pixels / 128))
    return np.asarray(blurred, dtype=np.float32)


def _perspective(
    source: np.ndarray, yaw: float, pitch: float, field: float, pixels: int
) -> np.ndarray:
    """What a pinhole camera sees of an equirectangular picture, bilinear. Angles in radians."""
    height, width = source.shape[:2]
    line = ((np.arange(pixels, dtype=np.float32) + 0.5) * (2.0 / pixels) - 1.0) * np.tan(field / 2)
    x, down = np.meshgrid(line, line)
    up = np.sin(pitch) - down * np.cos(pitch)
    forward = np.cos(pitch) + down * np.sin(pitch)
    longitude = np.arctan2(x, forward) + yaw
    latitude = np.arctan2(up, np.hypot(x, forward))
    u = np.mod(longitude / (2.0 * np.pi) * width - 0.5, width)
    v = np.clip((0.5 - latitude / np.pi) * height - 0.5, 0.0, height - 1.001)
    left, top = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    right, bottom = (left + 1) % width, top + 1
    a, b = (u - left)[..., None], (v - top)[..., None]
    left %= width
    upper = source[top, left] * (1 - a) + source[top, right] * a
    lower = source[bottom, left] * (1 - a) + source[bottom, right] * a
    return upper * (1 - b) + lower * b
