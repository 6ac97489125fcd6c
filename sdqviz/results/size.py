"""Bytes of the packed network."""

from collections.abc import Mapping
from dataclasses import dataclass

from sdqviz.results.row import Row

TIME_TABLE = "time table"


@dataclass(frozen=True, kw_only=True)
class SizeReport(Row):
    """Counted over the packed file's tensors and the FP network's parameters (`stages.pack`)."""

    bytes: int  # as stored, all tables included
    fp_bytes: int  # of the FP network in float32
    bits_per_weight: float  # stored bits for each of the FP network's parameters
    parts: Mapping[str, int]  # codes, scales, activation pairs, time table, kept FP -> bytes

    @property
    def has_time_table(self) -> bool:
        return self.parts.get(TIME_TABLE, 0) > 0
