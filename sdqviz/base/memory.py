"""Memory of this process: what is freed goes back to the system, and the peak of the work."""

import ctypes
import functools
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

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


class PeakMemory:
    """Peak resident bytes of this process, on Linux since this object was made."""

    _STATUS = Path("/proc/self/status")

    def __init__(self) -> None:
        with suppress(OSError):  # not Linux: the peak of the whole process stands
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")

    def bytes(self) -> int:
        with suppress(OSError, StopIteration):
            lines = self._STATUS.read_text(encoding="ascii").splitlines()
            line = next(line for line in lines if line.startswith("VmHWM:"))
            return int(line.split()[1]) * 1024
        try:
            import resource

            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes
        except ImportError:  # Windows keeps the peak elsewhere
            return psutil.Process().memory_info().peak_wset  # type: ignore[attr-defined]
