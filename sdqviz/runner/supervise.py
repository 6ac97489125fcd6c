"""Keeping a worker alive for the app, a second one for short jobs, and stopping runs for good."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from sdqviz.base.stage_names import StageNames
from sdqviz.runner import machine
from sdqviz.store.runs import ACTIVE, Run, is_alive
from sdqviz.store.store import Store

GRACE_SECONDS = 10.0
REST_SECONDS = 300.0  # without a job, until the worker leaves and 0.8 GB of memory with it
LANE_REST_SECONDS = 60.0
LANE_BYTES = 1_500_000_000  # that a second worker takes at least
# The worker shares its cores with the app and often with the browser, so its threads soon wait
# for each other asleep, not spinning. Beside one busy process a training step on two cores took
# 0.74 s instead of 1.25 s; alone, a small network's call takes 0.03 s instead of 0.025 s.
SPINS = "1000"


class Supervisor:
    """Starts the worker when it is not there, and where a short job waits behind a long one a
    second worker for the short ones. Safe to call from any thread.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: subprocess.Popen | None = None
        self._lane: subprocess.Popen | None = None
        self._lock = threading.Lock()

    def ensure_worker(self) -> None:
        with self._lock:
            if _ended(self._process):
                self._process = start_worker(self._home)
            elif _ended(self._lane) and self._lane_is_wanted(self._process):
                self._lane = start_worker(self._home, "--lane")

    def stop(self) -> None:
        """Ends the workers that are idle; a run in progress goes on without us."""
        with self._lock:
            processes = [p for p in (self._process, self._lane) if not _ended(p)]
            self._process = self._lane = None
        if not processes:
            return
        # Also of one that is thought dead for a moment, after a leap of the clock: until it ends, a
        # run names the process that took it.
        working = {r.pid for r in Store(self._home).runs.list() if r.pid is not None}
        for process in processes:
            if process is not None and process.pid not in working:
                process.terminate()

    def _lane_is_wanted(self, process: subprocess.Popen | None) -> bool:
        """Whether a short job waits behind a long one, both on the CPU, and memory suffices for
        the model once more: what the busy worker holds is more than that. (Two models on one GPU
        would take memory from a training that was told how much there is.)
        """
        runs = Store(self._home).runs
        if process is None or not runs.has_waiting_short():
            return False
        if any(r.spec.get("device", "cpu") != "cpu" for r in runs.list() if r.state in ACTIVE):
            return False
        try:
            held = psutil.Process(process.pid).memory_info().rss
        except psutil.Error:
            return False
        return machine.available_bytes() > max(held, LANE_BYTES)


def _ended(process: subprocess.Popen | None) -> bool:
    return process is None or process.poll() is not None


def start_worker(home: Path, *options: str) -> subprocess.Popen:
    """A detached worker whose output goes to HOME/worker.log; it leaves after its rest."""
    rest = LANE_REST_SECONDS if "--lane" in options else REST_SECONDS
    log = (home / "worker.log").open("ab")
    command = [sys.executable, "-m", "sdqviz.runner.worker"]
    command += ["--home", str(home), "--parent", str(os.getpid())]
    command += ["--rest", str(rest), *options]
    environment = {"GOMP_SPINCOUNT": SPINS, **os.environ}
    environment |= {"HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    try:
        return subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )
    finally:
        log.close()


def cancel(store: Store, run_id: str) -> Run:
    """Asks a run to stop, and after 10 s each sends SIGTERM, then SIGKILL, to its processes.

    One that has learned something is waited for instead: it ends when its step does, and keeps
    its student; it may still be stopping when this returns. Asked twice it waits just so; the
    third time it is killed.
    """
    run = store.runs.get(run_id)
    if store.runs.request_cancel(run.id) not in ACTIVE:
        return store.runs.get(run.id)
    kills = store.runs.cancels(run.id) > 2
    for stop in () if kills else (psutil.Process.terminate, None):
        until = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < until:
            store.runs.expire()
            if store.runs.get(run.id).state not in ACTIVE:
                return store.runs.get(run.id)
            time.sleep(0.2)
        current = store.runs.get(run.id)
        if stop is not None and is_alive(current.pid, current.pid_started):
            _signal_tree(current, stop)
    current = store.runs.get(run.id)
    if not kills and _has_learned(store, current):
        return current
    if is_alive(current.pid, current.pid_started):
        _signal_tree(current, psutil.Process.kill)
    time.sleep(0.5)
    store.runs.expire()
    return store.runs.get(run.id)


def _has_learned(store: Store, run: Run) -> bool:
    """Whether the run is at a training, or at what comes after one."""
    catalog = store.records.catalog()
    names = StageNames.of(catalog) if catalog else StageNames.shipped()
    return run.stage in names.learned


def cancel_in_background(store: Store, run_id: str) -> None:
    """Returns at once. Raises SdqvizError where there is no such run."""
    run = store.runs.get(run_id)
    threading.Thread(target=cancel, args=(store, run.id), daemon=True).start()


def _signal_tree(run: Run, stop) -> None:
    try:
        process = psutil.Process(run.pid)
        for target in [*process.children(recursive=True), process]:
            stop(target)
    except psutil.Error:
        return
