"""`python -m sdqviz.minis.retrieval DIR --json`: how the first minis, of flat glyphs, were scored.

On their held-out captions. Retrieval: is the asked glyph, drawn in its place and size on its
background, the nearest of all names in pixel MSE? Two-object captions count left, then right.
Colour: is the caption's colour the nearest to the median of the pixels outside all glyph boxes?
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track

from sdqviz.minis.captions import COLOURS, NAMES, Caption, held_out_captions
from sdqviz.minis.contract import open_pipeline
from sdqviz.minis.scenes import IMAGE_PIXELS, Placement, composite, placements, to_array
from sdqviz.minis.sheet import generate

CAPTIONS = 240
_BATCH = 12


def nearest_name(picture: np.ndarray, caption: Caption, placed: Placement) -> str:
    """The name whose glyph in this place fits the picture best, in MSE over the glyph's box."""
    ground = Image.new("RGB", (IMAGE_PIXELS, IMAGE_PIXELS), COLOURS[caption.colour])
    left, top, right, bottom = placed.box
    seen = picture[top:bottom, left:right].astype(np.float64)

    def error(name: str) -> float:
        other = Placement(name=name, x=placed.x, y=placed.y, pixels=placed.pixels)
        ideal = to_array(composite(ground, other))[top:bottom, left:right]
        return float(np.square(ideal.astype(np.float64) - seen).mean())

    return min(NAMES, key=error)


def nearest_colour(picture: np.ndarray, caption: Caption) -> str:
    """The colour name nearest to the background's median colour, in RGB distance."""
    outside = np.ones(picture.shape[:2], dtype=bool)
    for placed in placements(caption):
        left, top, right, bottom = placed.box
        outside[top:bottom, left:right] = False
    median = np.median(picture[outside].astype(np.float64), axis=0)
    return min(COLOURS, key=lambda name: float(np.square(median - COLOURS[name]).sum()))


def score(pictures: list[np.ndarray], captions: list[Caption]) -> dict[str, float | int]:
    """{retrieval, colour, captions} of pictures uint8 [128, 128, 3], one a caption."""
    found, asked, coloured = 0, 0, 0
    for picture, caption in zip(pictures, captions, strict=True):
        for placed in placements(caption):
            found += nearest_name(picture, caption, placed) == placed.name
            asked += 1
        coloured += nearest_colour(picture, caption) == caption.colour
    return {
        "retrieval": round(found / asked, 4),
        "colour": round(coloured / len(captions), 4),
        "captions": len(captions),
    }


def score_folder(folder: Path, count: int) -> dict[str, float | int]:
    """Draws `count` held-out captions with the model in `folder` and scores them."""
    pipeline = open_pipeline(folder)
    captions = held_out_captions(count)
    batches = range(0, len(captions), _BATCH)
    pictures: list[np.ndarray] = []
    for start in track(batches, "drawing", console=Console(stderr=True)):
        texts = [caption.text for caption in captions[start : start + _BATCH]]
        pictures += [to_array(p) for p in generate(pipeline, texts, _BATCH, first_seed=start)]
    return score(pictures, captions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--captions", type=int, default=CAPTIONS)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    started = time.monotonic()
    result = score_folder(arguments.folder, arguments.captions)
    if arguments.json:
        print(json.dumps(result))
        return
    print(
        f"retrieval {result['retrieval']:.3f}, colour {result['colour']:.3f} on "
        f"{result['captions']} held-out captions ({time.monotonic() - started:.0f} s)"
    )


if __name__ == "__main__":
    main()
