"""Inputs that no one means to give: odd values, damaged documents, damaged bytes."""

import copy
import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# In CI half a minute in all; `FUZZ_EXAMPLES=400 python -m pytest tests/fuzz` for long.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,  # CI asks the same every time
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
many = settings(fuzzed, max_examples=25 * EXAMPLES)  # of what costs next to nothing

TEXT = st.text(max_size=30) | st.sampled_from(
    ["", " ", "..", "../../etc/passwd", "/dev/zero", "\x00", "<script>", "NaN", "1e999", "[" * 3000]
)
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([0, -1, 1, 2**31, 2**63, 1e308, float("nan"), float("inf")])
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=6,
)


def _places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside a document."""
    found = [way]
    if isinstance(value, dict):
        for key in value:
            found += _places(value[key], (*way, key))
    elif isinstance(value, list):
        for index in range(min(len(value), 3)):
            found += _places(value[index], (*way, index))
    return found


@st.composite
def damaged(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to three of its values replaced, left out or joined by another."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        way = draw(st.sampled_from(_places(changed)))
        if not way:
            if draw(st.integers(0, 9)) == 0:
                return draw(ODD)
            if isinstance(changed, dict):
                changed[draw(TEXT)] = draw(ODD)
            continue
        *before, last = way
        holder = changed
        for step in before:
            holder = holder[step]
        if draw(st.booleans()):
            holder[last] = draw(ODD)
        elif isinstance(holder, dict):
            del holder[last]
        else:
            holder.pop(last)
    return changed


@st.composite
def damaged_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes cut, emptied, with some flipped, or others altogether."""
    how = draw(st.integers(0, 4))
    if how == 0:
        return data[: draw(st.integers(0, len(data)))]
    if how == 1:
        return draw(st.binary(max_size=200))
    changed = bytearray(data)
    first = min(len(data), 400) if how < 4 else len(data)  # headers stand first
    for _ in range(draw(st.integers(1, 8))):
        changed[draw(st.integers(0, max(0, first - 1)))] = draw(st.integers(0, 255))
    return bytes(changed)
