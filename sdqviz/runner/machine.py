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
    """Measured float32 matrix product speed, in 10^9 operations per second (about 0.2 s)."""
    size = 768
    a = np.random.default_rng(0).random((size, size), dtype=np.float32)
    np.matmul(a, a)
    start, rounds = time.perf_counter(), 0
    while time.perf_counter() - start < 0.15:
        np.matmul(a, a)
        rounds += 1
    return 2 * size**3 * rounds / (time.perf_counter() - start) / 1e9


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


def describe(folder: Path) -> dict[str, float]:
    return {
        "cores": cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "available_bytes": available_bytes(),
        "free_disk_bytes": free_bytes(folder),
    }
