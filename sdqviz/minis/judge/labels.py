"""What the judge reads in a picture, and what a caption asks for, as class numbers."""

import numpy as np

from sdqviz.minis.world.captions import Caption
from sdqviz.minis.world.vocabulary import COLOURS, NAMES, PATTERNS, PLACES, POSITIONS, STYLES

NOTHING, PAIR = "nothing", "pair"

# The left object is the only one where there is one; the position of two is "pair".
CLASSES: dict[str, tuple[str, ...]] = {
    "left": tuple(NAMES),
    "right": (*NAMES, NOTHING),
    "ground": (*PATTERNS, *PLACES),
    "colour": tuple(COLOURS),
    "style": STYLES,
    "position": (*POSITIONS, PAIR),
}


def asked(caption: Caption) -> dict[str, str]:
    """What the caption fixes, by head; a head that it leaves open is absent."""
    double = len(caption.names) == 2
    answers = {
        "left": caption.names[0],
        "right": caption.names[1] if double else NOTHING,
        "ground": caption.place or caption.pattern,
        "position": PAIR if double else caption.position,
    }
    if caption.colour:
        answers["colour"] = caption.colour
    return answers


def targets(captions: list[Caption], styles: list[str]) -> dict[str, np.ndarray]:
    """int64 [N] per head; -100 where the picture has no answer (the colour of a place)."""
    rows = [
        {**asked(caption), "style": style} for caption, style in zip(captions, styles, strict=True)
    ]
    return {
        head: np.array(
            [names.index(row[head]) if head in row else -100 for row in rows], dtype=np.int64
        )
        for head, names in CLASSES.items()
    }
