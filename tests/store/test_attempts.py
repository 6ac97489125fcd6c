"""Two workers on one run: the newer one's word counts, and nobody is thought dead for a clock."""

import sqlite3
import threading
import time

import psutil
import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Log, Scalar
from sdqviz.store import db
from sdqviz.store.attempt import SupersededError
from sdqviz.store.process import born, is_alive
from sdqviz.store.runs import (
    CANCELLED,
    DONE,
    INTERRUPTED,
    QUEUED,
    RUNNING,
    STOPPING,
)

HOUR = 3600.0


def dump(store):
    """All rows but the lease, which a heartbeat moves."""
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.execute("UPDATE runs SET lease_until = NULL")
        return list(connection.iterdump())


def lapsed(store):
    """As after a sleep of the machine: the lease is over before its worker could renew it."""
    with store.runs._database.transaction() as sql:
        sql.execute("UPDATE runs SET lease_until = ?", (time.time() - HOUR,))
    store.runs.expire()


def taken_over(store):
    """(run id, attempt) of a worker whose lease lapsed, and whose run another one took."""
    run_id = store.runs.add("quantize", {})
    first = store.runs.claim()
    lapsed(store)
    store.runs.resume(run_id)
    assert store.runs.claim().attempt == first.attempt + 1
    return run_id, first.attempt


WRITES = {
    "heartbeat": lambda s, run, old: s.runs.heartbeat(run, old),
    "progress": lambda s, run, old: s.runs.set_progress(run, "pack", 0.9, None, old),
    "state and result": lambda s, run, old: s.runs.finish(run, DONE, {"seconds": 1.0}, None, old),
    "early end": lambda s, run, old: s.runs.decline_finish(run, old),
    "another's result": lambda s, run, old: s.runs.set_result(run, {}, (run, old)),
    "events": lambda s, run, old: s.records.append_all(run, [Log(message="late")], old, "pack"),
    "a stage": lambda s, run, old: s.records.begin_stage(run, "pack", old),
    "a product": lambda s, run, old: s.records.product(run, "key", "bin", lambda: b"x", old),
    "a product's file": lambda s, run, old: s.records.product_file(
        run, "key", "bin", lambda file: file.write_bytes(b"x"), old
    ),
}


@pytest.mark.parametrize("write", WRITES)
def test_what_an_older_attempt_writes_is_refused_in_a_line(store, write):
    run_id, old = taken_over(store)
    before = dump(store)
    with pytest.raises(SupersededError) as refused:
        WRITES[write](store, run_id, old)
    assert str(refused.value) == (f"run {run_id} was taken over by attempt 2 (attempt 1 ends here)")
    assert dump(store) == before
    WRITES[write](store, run_id, old + 1)


@pytest.mark.parametrize("write", WRITES)
def test_nothing_is_written_to_a_run_that_was_deleted(store, write):
    run_id = store.runs.add("quantize", {})
    attempt = store.runs.claim().attempt
    lapsed(store)
    store.runs.delete(run_id)
    before = dump(store)
    with pytest.raises(SupersededError, match=f"run {run_id} is gone"):
        WRITES[write](store, run_id, attempt)
    assert dump(store) == before


def test_a_heartbeat_takes_back_what_nobody_took(store):
    run_id = store.runs.add("quantize", {})
    run = store.runs.claim()
    lapsed(store)
    assert store.runs.get(run_id).state == INTERRUPTED
    store.runs.heartbeat(run_id, run.attempt)
    again = store.runs.list()[0]
    assert (again.state, again.attempt, again.ended) == (RUNNING, 1, None)
    lapsed(store)
    store.runs.resume(run_id)  # by someone who thought it dead; no other worker has it yet
    assert store.runs.get(run_id).state == QUEUED
    store.runs.heartbeat(run_id, run.attempt)
    assert store.runs.list()[0].state == RUNNING
    assert store.runs.claim() is None


def test_what_was_cancelled_while_it_was_thought_dead_is_stopped_in_earnest(store):
    run_id = store.runs.add("quantize", {})
    run = store.runs.claim()
    store.runs.request_cancel(run_id)
    lapsed(store)
    assert store.runs.get(run_id).state == CANCELLED
    store.runs.heartbeat(run_id, run.attempt)
    assert store.runs.list()[0].state == STOPPING
    lapsed(store)
    store.runs.resume(run_id)
    store.runs.request_cancel(run_id)  # still queued
    store.runs.heartbeat(run_id, run.attempt)
    stopping = store.runs.list()[0]
    assert (stopping.state, stopping.cancel) == (STOPPING, True)


@pytest.mark.parametrize("end", [DONE, CANCELLED])
def test_a_late_heartbeat_wakes_no_finished_run(store, end):
    run_id = store.runs.add("quantize", {})
    run = store.runs.claim()
    store.runs.finish(run_id, end, {}, None, run.attempt)
    store.runs.heartbeat(run_id, run.attempt)
    assert store.runs.list()[0].state == end
    if end == CANCELLED:
        store.runs.resume(run_id)
        store.runs.heartbeat(run_id, run.attempt)
        assert store.runs.list()[0].state == QUEUED


def test_a_clock_that_leaps_kills_nobody(store, monkeypatch):
    """On Linux a process's start by the clock is counted from the boot, which moves with it."""
    run_id = store.runs.add("quantize", {})
    run = store.runs.claim()
    before, boot = born(run.pid), psutil.boot_time()
    for leap in (HOUR, -HOUR):
        monkeypatch.setattr(psutil._psplatform, "boot_time", lambda leap=leap: boot + leap)
        assert psutil.boot_time() == boot + leap
        assert born(run.pid) == pytest.approx(before, abs=0.01)
        assert is_alive(run.pid, run.pid_started)
        assert store.runs.list()[0].state == RUNNING
    assert not is_alive(run.pid, run.pid_started - 5)
    assert store.runs.get(run_id).pid_started < 1e9


def test_a_worker_of_before_is_known_by_the_clock():
    process = psutil.Process()
    assert is_alive(process.pid, process.create_time())
    assert not is_alive(process.pid, process.create_time() - 100)


def held(store):
    """Another process in the middle of a write."""
    connection = sqlite3.connect(
        store.folder / "store.sqlite", isolation_level=None, check_same_thread=False
    )
    connection.execute("BEGIN IMMEDIATE")
    return connection


def test_a_locked_store_is_waited_for(store):
    other = held(store)
    release = threading.Timer(0.5, lambda: other.execute("COMMIT"))
    release.start()
    run_id = store.runs.add("quantize", {})
    release.join()
    other.close()
    assert store.runs.get(run_id).state == QUEUED


def test_a_store_that_stays_locked_is_one_line(store, monkeypatch):
    monkeypatch.setattr(db, "LOCKED_SECONDS", 0.3)
    other, started = held(store), time.monotonic()
    with pytest.raises(SdqvizError, match="has been locked by another process for 0 s"):
        store.runs.add("quantize", {})
    assert time.monotonic() - started < 5
    other.close()
    assert store.runs.add("quantize", {})


def test_a_lock_that_sqlite_does_not_wait_for_is_waited_for_too(store, monkeypatch):
    """As while another process recovers the file: SQLite answers at once."""

    class Connection:
        def __init__(self) -> None:
            self.asked = 0

        def execute(self, statement, values):
            self.asked += 1
            if self.asked < 4:
                raise sqlite3.OperationalError("database is locked")
            return "begun"

    busy = Connection()
    assert db._unlocked(busy, "BEGIN IMMEDIATE") == "begun"  # type: ignore[arg-type]
    assert busy.asked == 4


def test_a_stage_that_is_told_again_keeps_its_logs_and_seconds(store):
    run_id = store.runs.add("quantize", {})
    store.runs.claim()
    loss = [Scalar(name="loss", value=1.0 / (step + 1), step=step) for step in range(3)]
    spent, said = Scalar(name="seconds", layer="distill", value=2.0), Log(message="begun")
    store.records.append_all(run_id, [Scalar(name="influence", value=1.0)], 1, "influence")
    store.records.append_all(run_id, [said, *loss, spent], 1, "distill")
    store.records.append_all(run_id, [Scalar(name="psnr", value=1.0)])  # of an older version
    with store.runs._database.transaction() as sql:
        sql.execute("UPDATE runs SET attempt = 2")
    store.records.begin_stage(run_id, "distill", 2)
    kept = [Scalar(name="influence", value=1.0), said, spent]
    assert store.records.events(run_id) == kept
    store.records.append_all(run_id, loss[:1], 2, "distill")
    store.records.begin_stage(run_id, "distill", 2)
    assert store.records.events(run_id) == [*kept, loss[0]]


def test_one_damaged_event_hides_no_other(store):
    run_id = store.runs.add("quantize", {})
    store.records.append_all(run_id, [Log(message=str(n)) for n in range(4)])
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        for number, body in ((1, "{"), (2, '{"message": 1, "size": 2}'), (3, "[]")):
            connection.execute("UPDATE events SET body = ? WHERE sequence = ?", (body, number))
    *damaged, last = store.records.events(run_id)
    assert last == Log(message="3")
    assert ["is damaged and left out" in event.message for event in damaged] == [True] * 3
