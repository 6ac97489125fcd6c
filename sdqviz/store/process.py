"""Which process is which: by number and start, whatever the clock does meanwhile."""

import psutil

_EPOCH = 1e9  # what older versions kept is seconds since 1970; no machine is up for so long
_SAME_SECONDS = 1.0


def born(pid: int) -> float | None:
    """When a process started, in seconds after the machine did: its start by the clock moves when
    the clock is set. None of one that is gone.
    """
    try:
        return psutil.Process(pid).create_time() - psutil.boot_time()
    except psutil.Error:
        return None


def is_alive(pid: int | None, started: float | None) -> bool:
    """Whether the process that started then (see `born`) still lives, and is not another with its
    number, nor one that ended and that nobody buried.
    """
    if pid is None or started is None:
        return False
    try:
        process = psutil.Process(pid)
        now = process.create_time() - (psutil.boot_time() if started < _EPOCH else 0.0)
        return abs(now - started) < _SAME_SECONDS and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
