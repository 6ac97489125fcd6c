"""Content keys and seeds, both from SHA-256 of names, never from Python's `hash`."""

import hashlib
import json
from typing import Any


def content_key(*parts: Any) -> str:
    """64 hex digits fixed by the parts (anything JSON can write), in order."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seed_from(*names: Any) -> int:
    """A 63-bit seed fixed by the names."""
    return int(content_key("seed", *names)[:16], 16) >> 1
