"""Freed memory given back to the system."""

import ctypes
import functools
from collections.abc import Callable

_WORTH = 1 << 26  # 64 MiB: giving back takes some milliseconds
_freed = 0


def return_freed_memory() -> None:
    """Gives back what lies free between what is used. After thousands of tensors were made and
    dropped, as by loading a network, glibc keeps hundreds of megabytes of such holes; elsewhere
    nothing is to be done.
    """
    _trim()(0)


def freed(count: int) -> None:
    """Notes that `count` bytes were dropped, and gives them back when it is worth the while."""
    global _freed
    _freed += count
    if _freed >= _WORTH:
        _freed = 0
        return_freed_memory()


@functools.cache
def _trim() -> Callable[[int], object]:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # not glibc
        return lambda kept: None
