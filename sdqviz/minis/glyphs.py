"""The glyph pictures: cut once from the Noto Color Emoji font, shipped in `assets/glyphs`.

`python -m sdqviz.minis.glyphs --font FILE` draws them anew; nothing else needs the font.
"""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sdqviz.minis.world.sprites import sprite_file
from sdqviz.minis.world.vocabulary import NAMES

GLYPH_PIXELS = 128
_STRIKE = 109  # the font's only bitmap size


def draw_glyph(character: str, font: Path) -> Image.Image:
    """One character of a colour bitmap font, trimmed and centred on a clear square."""
    face = ImageFont.truetype(str(font), _STRIKE)
    canvas = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).text((32, 32), character, font=face, embedded_color=True)
    box = canvas.getbbox()
    if box is None:
        raise ValueError(f"{font} has no colour picture for {character!r}")
    trimmed = canvas.crop(box)
    trimmed.thumbnail((GLYPH_PIXELS, GLYPH_PIXELS), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (GLYPH_PIXELS, GLYPH_PIXELS), (0, 0, 0, 0))
    square.paste(
        trimmed, ((GLYPH_PIXELS - trimmed.width) // 2, (GLYPH_PIXELS - trimmed.height) // 2)
    )
    return square


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--font", type=Path, required=True, help="NotoColorEmoji.ttf")
    arguments = parser.parse_args()
    for name, character in NAMES.items():
        target = sprite_file(name, "flat")
        target.parent.mkdir(parents=True, exist_ok=True)
        draw_glyph(character, arguments.font).save(target, optimize=True)


if __name__ == "__main__":
    main()
