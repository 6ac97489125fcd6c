"""What the form of an own scene offers: the samplers and sizes that fit the shown run's family."""

from typing import Any

from sdqviz.base.scene import FLOW

OWN_SIZE = "0x0"
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
    """(width, height) of a choice; (0, 0) is the model's own."""
    width, _, height = (value or OWN_SIZE).partition("x")
    return int(width), int(height)


def has_shift(family: dict[str, Any]) -> bool:
    return FLOW in family["samplers"]
