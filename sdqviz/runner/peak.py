"""Peak memory of the work at hand."""

import sys
from contextlib import suppress
from pathlib import Path

import psutil


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
