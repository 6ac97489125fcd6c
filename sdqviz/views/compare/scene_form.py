"""What the form of an own scene offers: the samplers and sizes that fit the shown run's family."""

import re
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.scene import FLOW

OWN_SIZE = "0x0"
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_GRID = 16  # pixels: the latents of every family then divide by its patches


def size_choices(
    family: dict[str, Any], width: int, height: int, chosen: bool = False
) -> list[tuple[str, str]]:
    """(label, "WxH") of the run's own size (first) and its family's others, scaled to it.

    family is the catalog's entry; width and height are the pixels of the run's pictures. chosen:
    they are a setting of the run, not the model's own.
    """
    own = f"{width}x{height}" if chosen else OWN_SIZE
    choices = {(width, height): (f"{width} x {height} (own)", own)}
    scale = height / family["native_pixels"]
    for size in family["sizes"]:
        wide, high = (max(_GRID, round(side * scale / _GRID) * _GRID) for side in size)
        choices.setdefault((wide, high), (f"{wide} x {high}", f"{wide}x{high}"))
    return list(choices.values())


def parse_size(value: str | None) -> tuple[int, int]:
    """(width, height) of a choice; (0, 0) is the model's own. Raises SdqvizError for no choice."""
    found = _SIZE.fullmatch(value or OWN_SIZE)
    if found is None:
        raise SdqvizError(f"{(value or '')[:40]!r} is no size", "choose one, such as 512x512")
    return int(found[1]), int(found[2])


def has_shift(family: dict[str, Any]) -> bool:
    return FLOW in family["samplers"]
