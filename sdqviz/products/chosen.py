"""The recorded calls that a reconstruction learns from."""

from dataclasses import dataclass

from sdqviz.products.contract import Product


@dataclass(frozen=True)
class Pick:
    """One sample: the place of a scene, the number of its call, the guidance branch."""

    scene: int
    call: int
    branch: int


@dataclass(frozen=True)
class ChosenCalls(Product):
    """Samples by the places of the calibration scenes, and how many there are at each call."""

    picks: tuple[Pick, ...]
    counts: tuple[int, ...]
