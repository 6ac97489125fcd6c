"""What this machine has: cores, memory, disk, speed."""

import os
import platform
import time
from functools import lru_cache
from pathlib import Path

import numpy as np
import psutil

from sdqviz.store.db import free_bytes


@lru_cache(maxsize=1)
def gigaflops() -> float:
    """Measured float32 matrix product speed, in 10^9 operations per second (about 0.2 s): of the
    fastest product, which says most of a machine that is busy for the moment.
    """
    size = 768
    a = np.random.default_rng(0).random((size, size), dtype=np.float32)
    np.matmul(a, a)
    until, fastest = time.perf_counter() + 0.2, float("inf")
    while (start := time.perf_counter()) < until:
        np.matmul(a, a)
        fastest = min(fastest, time.perf_counter() - start)
    return 2 * size**3 / fastest / 1e9


def processor() -> str:
    """The CPU's name and how many cores of it are ours, and the GPU's, if there is one."""
    import torch

    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        name = next(
            (s.partition(":")[2].strip() for s in lines if s.startswith("model name")), name
        )
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{name}, {cores()} cores{gpu}, torch {torch.__version__}"


def cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Windows and macOS
        return os.cpu_count() or 1


def available_bytes() -> int:
    return psutil.virtual_memory().available


def device_free_bytes(device: str) -> int | None:
    """Free memory of a GPU; None for the CPU, whose memory is the host's."""
    if device == "cpu":
        return None
    import torch

    return torch.cuda.mem_get_info(device)[0] if torch.cuda.is_available() else None


class DevicePeak:
    """Peak bytes of tensors on the GPU since this object was made; None without one."""

    def __init__(self) -> None:
        import torch

        self._cuda = torch.cuda if torch.cuda.is_available() else None
        if self._cuda is not None:
            self._cuda.reset_peak_memory_stats()

    def bytes(self) -> int | None:
        return None if self._cuda is None else self._cuda.max_memory_allocated()


def describe(folder: Path) -> dict[str, float]:
    return {
        "cores": cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "available_bytes": available_bytes(),
        "free_disk_bytes": free_bytes(folder),
    }
