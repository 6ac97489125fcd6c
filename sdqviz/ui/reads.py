"""Which handlers only read: their answers are kept, and given to whoever asks the same."""

from collections.abc import Callable
from typing import Any, TypeVar

_READS = "only_reads"
Handle = TypeVar("Handle", bound=Callable[..., Any])


def reads(handler: Handle) -> Handle:
    """Marks a handler whose answer hangs on what it is given and on the store alone: what it said
    is said again, to anyone, as long as nothing is written (`server.reads`).
    """
    setattr(handler, _READS, True)
    return handler


def only_reads(handler: Any) -> bool:
    return getattr(handler, _READS, False)
