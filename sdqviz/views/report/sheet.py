"""One picture of a run: its scenes as rows FP, W4A8 and maps, for a README or a slide."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from sdqviz.results.scene import SceneRow
from sdqviz.store.blobs import Blobs

_SIDE, _GAP, _HEAD = 256, 8, 34
_COLUMNS = {
    "fp": "FP",
    "student": "W4A8",
    "flip": "FLIP difference",
    "st_lpips": "ST-LPIPS difference",
}


def comparison_sheet(blobs: Blobs, scenes: Sequence[SceneRow], across: int = 1) -> Image.Image:
    """The scenes' pictures, `across` scenes side by side, enlarged to 256 pixels a picture; a
    map that a scene lacks is left out.
    """
    columns = [who for who in _COLUMNS if all(scene.pictures.of(who) for scene in scenes)]
    group = len(columns) * (_SIDE + _GAP) + _GAP
    rows = -(-len(scenes) // across)
    size = (across * group, _HEAD + rows * (_SIDE + _GAP))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(18)
    for index, scene in enumerate(scenes):
        left = index % across * group
        top = _HEAD + index // across * (_SIDE + _GAP)
        for column, who in enumerate(columns):
            x = left + _GAP + column * (_SIDE + _GAP)
            if index < across:
                draw.text((x + _SIDE / 2, _HEAD / 2), _COLUMNS[who], "black", font, anchor="mm")
            blob = scene.pictures.of(who)
            assert blob is not None
            with Image.open(io.BytesIO(blobs.get(blob))) as picture:
                shown = picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.NEAREST)
            sheet.paste(shown, (x, top))
    return sheet
