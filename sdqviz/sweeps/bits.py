"""Bit widths by their names."""

import re
from collections.abc import Mapping
from typing import Any

from sdqviz.base.errors import SdqvizError

MOST_BITS = 35  # as many pairs of bit widths there are
_BITS = re.compile(r"W([2-8])A([4-8])")


def parse_bits(text: str) -> tuple[int, int]:
    """Weight and activation bits of a name such as W4A8."""
    found = _BITS.fullmatch(text.strip().upper())
    if not found:
        raise SdqvizError(f"bits is {text!r}", "write W4A8: W2 to W8, A4 to A8")
    return int(found[1]), int(found[2])


def bits_of(spec: Mapping[str, Any]) -> str:
    """W4A8 and its like, of a quantize spec."""
    return f"W{spec['config']['weight_bits']}A{spec['config']['activation_bits']}"
