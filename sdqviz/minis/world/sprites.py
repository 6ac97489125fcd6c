"""The objects' pictures: Fluent Emoji 3D (shaded) and Noto (flat), cut out on clear ground."""

from functools import cache
from pathlib import Path

from PIL import Image

from sdqviz.base.assets import assets_folder

SPRITE_PIXELS = 160
_STEP = 8  # reduced pictures are kept at multiples of this


def sprite_file(name: str, style: str) -> Path:
    folder, ending = ("sprites", "webp") if style == "shaded" else ("glyphs", "png")
    return assets_folder() / folder / f"{name.replace(' ', '-')}.{ending}"


def sprite(name: str, style: str, pixels: float) -> Image.Image:
    """The premultiplied RGBa picture of one name, square, at least `pixels` wide if it is known
    so large: a source for one more resampling that neither blurs nor aliases.
    """
    return _reduced(name, style, min(SPRITE_PIXELS, -(-int(pixels) // _STEP) * _STEP))


@cache
def _reduced(name: str, style: str, pixels: int) -> Image.Image:
    with Image.open(sprite_file(name, style)) as picture:
        # Premultiplied, or the invisible colour of clear pixels bleeds into the edge.
        return (
            picture.convert("RGBA")
            .convert("RGBa")
            .resize((pixels, pixels), Image.Resampling.LANCZOS)
        )
