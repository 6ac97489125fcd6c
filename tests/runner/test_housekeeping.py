"""Housekeeping wakes a worker for who waits, and clears what is over its time."""

import os
import sqlite3
import time

from sdqviz.runner.housekeeping import Housekeeping
from sdqviz.runner.supervise import Supervisor
from sdqviz.store.runs import DONE


class Woken(Supervisor):
    def __init__(self) -> None:
        self.times = 0

    def ensure_worker(self) -> None:
        self.times += 1


def test_a_run_that_waits_gets_a_worker_though_nobody_looks(store):
    supervisor = Woken()
    house = Housekeeping(store, supervisor)
    house.tidy()
    assert supervisor.times == 0
    store.runs.add("generate", {"run": "x"})
    house.tidy()
    assert supervisor.times == 1


def test_old_runs_of_visitors_go_with_their_pictures(store, monkeypatch):
    blob = store.blobs.put(b"a picture", "png")
    kept = store.blobs.put(b"another picture", "png")
    for visitor, name in (("a", blob), ("", kept)):
        run_id = store.runs.add("generate", {"run": "x"}, visitor=visitor)
        store.runs.finish(run_id, DONE, result={"picture": name})
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.execute("UPDATE runs SET ended = ended - 7200")
    for name in (blob, kept):  # of the time of their runs
        path = store.blobs.path(name)
        old = time.time() - 7200
        os.utime(path, (old, old))
    house = Housekeeping(store, Woken(), visitors_seconds=3600.0)
    house.tidy()
    assert [run.visitor for run in store.runs.list()] == [""]
    assert store.blobs.path(blob).exists()  # the next look for files takes it
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 3700.0)
    house.tidy()
    assert not store.blobs.path(blob).exists() and store.blobs.path(kept).exists()
    Housekeeping(store, Woken()).tidy()
    assert store.runs.list()
