"""One picture of a run: its scenes as rows FP, W4A8, FLIP map, for a README or a slide."""

import io
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from sdqviz.store.blobs import Blobs

_SIDE, _GAP, _HEAD = 256, 8, 34
_COLUMNS = (("FP", "fp"), ("W4A8", "student"), ("FLIP difference", "flip"))


def comparison_sheet(blobs: Blobs, scenes: list[dict[str, Any]], across: int = 1) -> Image.Image:
    """The scenes' triples, `across` of them side by side, enlarged to 256 pixels a picture."""
    triple = len(_COLUMNS) * (_SIDE + _GAP) + _GAP
    rows = -(-len(scenes) // across)
    size = (across * triple, _HEAD + rows * (_SIDE + _GAP))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(18)
    for index, scene in enumerate(scenes):
        left = index % across * triple
        top = _HEAD + index // across * (_SIDE + _GAP)
        for column, (label, who) in enumerate(_COLUMNS):
            x = left + _GAP + column * (_SIDE + _GAP)
            if index < across:
                draw.text((x + _SIDE / 2, _HEAD / 2), label, "black", font, anchor="mm")
            with Image.open(io.BytesIO(blobs.get(scene["images"][who]))) as picture:
                shown = picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.NEAREST)
            sheet.paste(shown, (x, top))
    return sheet
