"""A layer of the quantized network: its plan, and what packing made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from sdqviz.results.row import Row


class Range(NamedTuple):
    """A quantized range of a layer's input: code q stands for (q - zero_point) * scale."""

    timestep: str  # as printed; "constant" for one range at all timesteps
    scale: float
    zero_point: int

    def ends(self, bits: int) -> tuple[float, float]:
        """The values of the smallest and of the largest code."""
        return -self.zero_point * self.scale, (2**bits - 1 - self.zero_point) * self.scale


def range_at(ranges: Sequence[Range], timestep: object) -> Range:
    """The range used at a timestep: its own, else the first."""
    wanted = str(timestep)
    return next((r for r in ranges if r.timestep == wanted), ranges[0])


@dataclass(frozen=True, kw_only=True)
class WeightFormat(Row):
    """Bits of a weight's code, and how many inputs share a multiplier (0: one scale a channel)."""

    bits: int
    group: int


@dataclass(frozen=True, kw_only=True)
class CodeCounts(Row):
    """How often a layer's weights take each code, the smallest first, and its groups each
    multiplier from 1 on (empty without groups); the least and the largest scale.
    """

    codes: Sequence[int]
    multipliers: Sequence[int]
    scale: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class LayerRow(Row):
    """One linear or convolution of the denoising network (`measure.layer_facts`).

    What came later than the plan is None in older runs, and of layers that are not packed.
    """

    KEYS: ClassVar[Mapping[str, str]] = {"ranges": "pairs", "initial_ranges": "initial_pairs"}

    name: str  # in the network, such as mid_block.resnets.0.conv1
    kind: str  # "linear" or "conv"
    role: str  # what the plan takes it for
    parameters: int  # weights and biases
    weight: WeightFormat | None  # None: floating point, or removed
    activation_bits: int | None  # None: its input stays floating point
    ranges: Sequence[Range]
    reason: str  # the plan's
    equalised: tuple[float, float] | None = None  # least and largest divisor of its inputs
    engine: str | None = None  # that multiplies its codes; "" where its input stays FP
    weight_error: float | None = None  # |packed - FP|^2 / |FP|^2
    stored: CodeCounts | None = None
    initial_ranges: Sequence[Range] | None = None  # before training; None where nothing trained
