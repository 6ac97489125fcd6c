"""From a caption to its picture: where the glyphs stand, and the composited 128 x 128 image."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from sdqviz.minis.captions import COLOURS, Caption
from sdqviz.minis.glyphs import glyph

IMAGE_PIXELS = 128
# Multiples of 8, so that a glyph always meets the autoencoder's 8-pixel grid the same way.
GLYPH_PIXELS = {"small": 48, "medium": 64, "large": 96}
PAIR_PIXELS = 56
_MARGIN = 8


@dataclass(frozen=True, kw_only=True)
class Placement:
    """One glyph on the canvas: its name, its upper left corner and its side, in pixels."""

    name: str
    x: int
    y: int
    pixels: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        return self.x, self.y, self.x + self.pixels, self.y + self.pixels


def placements(caption: Caption) -> tuple[Placement, ...]:
    """Where the caption's objects stand, left to right."""
    if len(caption.names) == 2:
        left, right = caption.names
        middle = IMAGE_PIXELS // 2
        y = 32
        return (
            Placement(name=left, x=_MARGIN, y=y, pixels=PAIR_PIXELS),
            Placement(name=right, x=middle, y=y, pixels=PAIR_PIXELS),
        )
    pixels = GLYPH_PIXELS[caption.size]
    near = 0 if caption.size == "large" else _MARGIN
    centre, far = (IMAGE_PIXELS - pixels) // 2, IMAGE_PIXELS - pixels - near
    x = {"left": near, "right": far}.get(caption.position, centre)
    y = {"top": near, "bottom": far}.get(caption.position, centre)
    return (Placement(name=caption.names[0], x=x, y=y, pixels=pixels),)


def composite(ground: Image.Image, placed: Placement) -> Image.Image:
    """`ground` with one more glyph on it (a new image)."""
    picture = ground.copy()
    stamp = glyph(placed.name, placed.pixels)
    picture.paste(stamp, (placed.x, placed.y), stamp)
    return picture


def render(caption: Caption, background: tuple[int, int, int] | None = None) -> Image.Image:
    """The ideal picture of a caption: RGB, 128 x 128. `background` serves an unnamed colour."""
    colour = COLOURS[caption.colour] if background is None else background
    picture = Image.new("RGB", (IMAGE_PIXELS, IMAGE_PIXELS), colour)
    for placed in placements(caption):
        picture = composite(picture, placed)
    return picture


def to_array(picture: Image.Image) -> np.ndarray:
    """uint8 [H, W, 3]."""
    return np.asarray(picture.convert("RGB"))
