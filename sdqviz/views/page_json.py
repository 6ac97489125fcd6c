"""JSON that a browser reads: it knows no NaN and no infinity."""

import json
import math
from typing import Any


def page_json(value: Any) -> str:
    """The JSON text; numbers that are not finite become null."""
    return json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(own) for own in value]
    return value
