"""The activation ranges that a run found."""

from dataclasses import dataclass
from typing import Any

from sdqviz.layers.ranges import ActivationRanges
from sdqviz.products.contract import Product


@dataclass(frozen=True)
class Ranges(Product):
    """Layer name -> its ranges over the timesteps."""

    layers: dict[str, ActivationRanges]
    timestep_group: int  # neighbouring timesteps that share a range
    histograms_key: str  # of the product that holds what was seen, for the page


def range_rows(ranges: ActivationRanges) -> list[list[Any]]:
    """[[timestep (nan: any), scale, zero point], ...] for a table."""
    return [[str(t), r.scale, r.zero_point] for t, r in ranges.table()]
