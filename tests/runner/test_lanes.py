"""A second worker for short jobs, and workers that leave with their app."""

import subprocess
import time

import psutil
import pytest

from sdqviz.runner import machine, supervise, worker
from sdqviz.runner.supervise import Supervisor


class Started:
    """A worker that was started: alive until it is ended."""

    def __init__(self, number: int) -> None:
        self.pid = number
        self.ended = False

    def poll(self) -> int | None:
        return 0 if self.ended else None

    def terminate(self) -> None:
        self.ended = True


@pytest.fixture
def started(monkeypatch):
    made = []

    def start(home, *options):
        process = Started(psutil.Process().pid)
        made.append((options, process))
        return process

    monkeypatch.setattr(supervise, "start_worker", start)
    return made


def test_a_lane_starts_when_a_short_job_waits_behind_a_long_one(store, started, monkeypatch):
    supervisor = Supervisor(store.folder)
    store.runs.claim(store.runs.add("quantize", {}))
    supervisor.ensure_worker()
    supervisor.ensure_worker()
    assert [options for options, _ in started] == [()]
    store.runs.add("generate", {})
    monkeypatch.setattr(machine, "available_bytes", lambda: 10**9)
    supervisor.ensure_worker()
    assert len(started) == 1  # there is no room for the model once more
    monkeypatch.setattr(machine, "available_bytes", lambda: 10**12)
    for _ in range(2):
        supervisor.ensure_worker()
    assert [options for options, _ in started] == [(), ("--lane",)]
    started[1][1].ended = True
    supervisor.ensure_worker()
    assert len(started) == 3


def test_on_one_gpu_short_jobs_wait(store, started, monkeypatch):
    supervisor = Supervisor(store.folder)
    store.runs.claim(store.runs.add("quantize", {"device": "cuda"}))
    store.runs.add("generate", {})
    monkeypatch.setattr(machine, "available_bytes", lambda: 10**12)
    for _ in range(3):
        supervisor.ensure_worker()
    assert len(started) == 1


def test_idle_workers_end_with_the_app_and_a_busy_one_goes_on(store, started):
    supervisor = Supervisor(store.folder)
    supervisor.ensure_worker()
    supervisor.stop()
    assert started[0][1].ended
    supervisor.ensure_worker()
    store.runs.claim(store.runs.add("quantize", {}))  # by this process, whose number it has
    supervisor.stop()
    assert not started[1][1].ended


def test_a_worker_that_is_thought_dead_for_a_moment_is_not_ended(store, started):
    supervisor = Supervisor(store.folder)
    supervisor.ensure_worker()
    store.runs.claim(store.runs.add("quantize", {}))
    with store.runs._database.transaction() as sql:
        sql.execute("UPDATE runs SET lease_until = 0")
    assert store.runs.list()[0].state == "interrupted"
    supervisor.stop()
    assert not started[0][1].ended


def test_a_worker_leaves_an_app_that_is_dead_but_not_buried(store):
    app = subprocess.Popen(["true"])
    until = time.monotonic() + 10
    while psutil.Process(app.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert psutil.pid_exists(app.pid)
    worker.work(store.folder, parent=app.pid, lane=True)
    app.wait()


def test_a_lane_leaves_after_its_rest(store):
    store.runs.add("quantize", {})
    worker.work(store.folder, lane=True, rest_seconds=0.0)
    assert store.runs.list()[0].state == "queued"
