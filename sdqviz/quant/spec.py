"""How one tensor is quantized."""

from dataclasses import dataclass

from sdqviz.base.errors import SdqvizError

MAX_MULTIPLIER = 15


@dataclass(frozen=True, kw_only=True)
class WeightSpec:
    """Symmetric integer weights: one float32 scale per output channel, and per group of `group`
    inputs an integer multiplier; group 0 means no multipliers. bits is 2 to 8.
    """

    bits: int = 4
    group: int = 32

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 8:
            raise SdqvizError(f"weight bits is {self.bits}", "it must lie between 2 and 8")
        if self.group < 0 or self.group % 2:
            raise SdqvizError(f"group is {self.group}", "use an even number, or 0 for none")

    @property
    def low(self) -> int:
        """The smallest code; 8 bits leave out -128, so that |code * multiplier| <= 127."""
        return -127 if self.bits == 8 else -(2 ** (self.bits - 1))

    @property
    def high(self) -> int:
        return 2 ** (self.bits - 1) - 1

    @property
    def largest_multiplier(self) -> int:
        """The largest multiplier for which code * multiplier still is an int8: 15 at 4 bits."""
        if self.group == 0:
            return 1
        return max(1, min(MAX_MULTIPLIER, 127 // -self.low))


@dataclass(frozen=True, kw_only=True)
class ActivationSpec:
    """Affine unsigned activations, one (scale, zero point) per tensor and timestep. bits 4 to 8."""

    bits: int = 8

    def __post_init__(self) -> None:
        if not 4 <= self.bits <= 8:
            raise SdqvizError(f"activation bits is {self.bits}", "it must lie between 4 and 8")

    @property
    def high(self) -> int:
        return 2**self.bits - 1
