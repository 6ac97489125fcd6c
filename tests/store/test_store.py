import json
import os
import sqlite3
import threading
import time

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Log, Scalar
from sdqviz.publish.bundle import export_run, import_run
from sdqviz.results.version import RUN_FORMAT
from sdqviz.store import db
from sdqviz.store.records import blob_names
from sdqviz.store.runs import (
    CANCELLED,
    DONE,
    FINISHING,
    INTERRUPTED,
    NEWER,
    QUEUED,
    RUNNING,
    STOPPING,
)
from sdqviz.store.store import Store


def test_runs_are_claimed_once_and_in_order(store):
    first, second = store.runs.add("quantize", {"n": 1}), store.runs.add("quantize", {"n": 2})
    claimed = []
    threads = [
        threading.Thread(target=lambda: claimed.append(Store(store.folder).runs.claim()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = sorted((run.created, run.id) for run in claimed if run)
    assert [run_id for _, run_id in taken] == [first, second]


def test_a_dead_workers_run_is_interrupted_and_resumes(store):
    run_id = store.runs.add("quantize", {})
    assert store.runs.claim().state == RUNNING
    with store.runs._database.transaction() as sql:
        sql.execute("UPDATE runs SET pid = 2147483646")
    assert store.runs.list()[0].state == INTERRUPTED
    assert store.runs.resume(run_id).state == QUEUED
    again = store.runs.claim()
    assert (again.id, again.attempt) == (run_id, 2)


def test_a_lapsed_lease_is_interrupted(store):
    store.runs.add("quantize", {})
    store.runs.claim()
    with store.runs._database.transaction() as sql:
        sql.execute("UPDATE runs SET lease_until = ?", (time.time() - 1,))
    assert store.runs.list()[0].state == INTERRUPTED


def test_a_reused_pid_is_not_our_worker(store):
    store.runs.add("quantize", {})
    store.runs.claim()
    with store.runs._database.transaction() as sql:
        sql.execute("UPDATE runs SET pid_started = pid_started - 100")
    assert store.runs.list()[0].state == INTERRUPTED


def test_a_queued_run_is_cancelled_at_once_and_finished_ones_do_not_resume(store):
    run_id = store.runs.add("quantize", {})
    assert store.runs.request_cancel(run_id) == CANCELLED
    store.runs.resume(run_id)
    store.runs.claim()
    store.runs.finish(run_id, DONE, result={})
    with pytest.raises(SdqvizError, match="is done"):
        store.runs.resume(run_id)


def test_only_a_training_is_finished_early_and_it_can_still_be_cancelled(store):
    run_id = store.runs.add("quantize", {})
    with pytest.raises(SdqvizError, match="is queued"):
        store.runs.request_finish(run_id, ["distill"])
    store.runs.claim()
    store.runs.set_progress(run_id, "pack", 0.5, None)
    with pytest.raises(SdqvizError, match="is running, in stage pack"):
        store.runs.request_finish(run_id, ["distill"])
    store.runs.set_progress(run_id, "distill", 0.5, None)
    assert store.runs.request_finish(run_id, ["distill"]).state == FINISHING
    store.runs.decline_finish(run_id)  # by a training on several processes
    assert store.runs.get(run_id).state == RUNNING
    assert store.runs.request_finish(run_id, ["distill"]).state == FINISHING
    assert store.runs.request_cancel(run_id) == STOPPING


def test_active_runs_are_not_deleted(store):
    run_id = store.runs.add("quantize", {})
    store.runs.claim()
    with pytest.raises(SdqvizError, match="is running"):
        store.runs.delete(run_id)


def test_ids_may_be_shortened_but_not_ambiguous(store):
    store.runs.add("quantize", {}, "aaa1")
    store.runs.add("quantize", {}, "aaa2")
    assert store.runs.get("aaa2").id == "aaa2"
    assert store.runs.get("aaa1").id == "aaa1"
    for wanted in ("aaa", "b", "", "%"):
        with pytest.raises(SdqvizError):
            store.runs.get(wanted)


def test_events_come_back_in_order(store):
    run_id = store.runs.add("quantize", {})
    events = [Log(message="one"), Scalar(name="psnr", value=1.5, step=2), Log(message="two")]
    for event in events:
        store.records.append(run_id, event)
    assert store.records.events(run_id) == events
    assert store.records.events(run_id, "Log", last=1) == [events[2]]


def test_lists_are_told_of_states_not_of_every_step(store):
    run_id = store.runs.add("quantize", {})
    store.runs.claim()
    listing, version = store.runs.listing(), store.runs.version()
    store.runs.set_progress(run_id, "distill", 0.5, 9.0)
    store.records.append_all(run_id, [Scalar(name="loss", value=1.0, step=0), Log(message="on")])
    assert store.runs.listing() == listing
    assert store.runs.version() != version
    assert store.records.count(run_id, "Scalar") == 1
    store.runs.finish(run_id, DONE, result={"seconds": 1.0})
    assert store.runs.listing() != listing
    assert store.runs.get(run_id).result == {"format": RUN_FORMAT, "seconds": 1.0}
    store.runs.finish(run_id, DONE, result={"seconds": 2.0})  # never a stale result
    assert store.runs.list()[0].result == {"format": RUN_FORMAT, "seconds": 2.0}


def test_products_are_made_once(store):
    run_id = store.runs.add("quantize", {})
    made = []

    def make() -> bytes:
        made.append(1)
        return b"abc"

    for _ in range(3):
        assert store.records.product(run_id, "key", "bin", make) == b"abc"
    assert len(made) == 1
    store.blobs.remove(store.records.find("key"))
    assert store.records.find("key") is None
    assert store.records.product(run_id, "key", "bin", make) == b"abc"


def test_a_product_may_be_written_to_a_file(store):
    run_id = store.runs.add("quantize", {"model": "m"})
    written = []

    def write(path):
        written.append(path)
        path.write_bytes(b"abc")

    for _ in range(2):
        store.records.product_file(run_id, "key", "bin", write)
    assert len(written) == 1
    blob = store.records.find("key")
    assert blob == store.blobs.put(b"abc", "bin")  # the same name, whichever way it came
    assert store.blobs.file(blob).read_bytes() == b"abc"

    def fail(path):
        path.write_bytes(b"half")
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        store.records.product_file(run_id, "other", "bin", fail)
    assert not list(store.blobs.folder.rglob(".partial-*"))
    with pytest.raises(SdqvizError, match="is missing"):
        store.blobs.file("0" * 64 + ".bin")


def test_garbage_is_what_nothing_mentions(store):
    run_id = store.runs.add("quantize", {})
    kept, product, lost = (store.blobs.put(data, "png") for data in (b"kept", b"made", b"lost"))
    store.records.keep(run_id, "key", product)
    store.runs.claim()
    store.runs.finish(run_id, DONE, result={"scenes": [{"images": {"fp": kept}}]})
    assert blob_names(store.runs.get(run_id).result) == {kept}
    assert store.records.collect_garbage(older_than_seconds=0) == (1, 4)
    assert store.blobs.names() == {kept, product}
    assert lost not in store.blobs.names()
    assert store.blobs.put(b"young", "png") in store.blobs.names()
    assert store.records.collect_garbage() == (0, 0)  # a run may just be writing it


def test_the_version_changes_with_everything_shown(store):
    seen = [store.runs.version()]
    run_id = store.runs.add("quantize", {})
    seen.append(store.runs.version())
    store.runs.claim()
    seen.append(store.runs.version())
    store.runs.set_progress(run_id, "pack", 0.5, 3.0)
    seen.append(store.runs.version())
    store.records.append(run_id, Log(message="x"))
    seen.append(store.runs.version())
    assert len(set(seen)) == len(seen)
    assert store.runs.version() == seen[-1]


def test_a_newer_store_is_refused_and_left_alone(store):
    file = store.folder / "store.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = json.dumps([run.id for run in store.runs.list()])
    with pytest.raises(SdqvizError, match="version 99"):
        Store(store.folder)
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)
    assert before == "[]"


def test_a_migration_backs_up_first(store, monkeypatch):
    now = db.SCHEMA_VERSION
    monkeypatch.setattr(db, "SCHEMA_VERSION", now + 1)
    monkeypatch.setattr(db, "MIGRATIONS", {now: "ALTER TABLE runs ADD COLUMN note TEXT"})
    run_id = store.runs.add("quantize", {})
    migrated = Store(store.folder)
    assert migrated.runs.get(run_id).id == run_id
    (backup,) = store.folder.glob(f"store.sqlite.v{now}-*.backup")
    with sqlite3.connect(backup) as connection:
        assert connection.execute("SELECT id FROM runs").fetchone() == (run_id,)


def test_a_file_that_is_no_store_is_refused(home):
    home.mkdir()
    (home / "store.sqlite").write_bytes(b"this is not a database" * 100)
    with pytest.raises(SdqvizError, match="not a readable store"):
        Store(home)


def test_a_run_of_a_newer_version_is_told_apart_and_not_taken_in(store, tmp_path):
    run_id = store.runs.add_made("quantize", {}, {"scenes": [], "format": RUN_FORMAT + 1})
    assert store.runs.get(run_id).state == NEWER
    assert store.runs.list()[0].state == NEWER
    assert store.runs.get(run_id).outcome is None  # this version may misread it
    with pytest.raises(SdqvizError, match=f"run {run_id} is of a newer sdqviz"):
        export_run(store, store.runs.get(run_id), tmp_path / "out")
    row = {"id": "other", "result": {"format": RUN_FORMAT + 1}, "events": []}
    (tmp_path / "run.json").write_text(json.dumps(row))
    with pytest.raises(SdqvizError, match=f"reads up to {RUN_FORMAT}"):
        import_run(store, tmp_path)
    assert len(store.runs.list()) == 1


def test_what_a_crash_and_a_download_left_is_cleared(store):
    old = time.time() - 7200
    left, young = (store.blobs.folder / f".partial-{name}" for name in ("old", "young"))
    for path in (left, young):
        path.write_bytes(b"half")
    os.utime(left, (old, old))
    assert store.records.collect_garbage()[1] == 4
    assert (left.exists(), young.exists()) == (False, True)  # one is being written
    first = store.exports()
    (first / "report.zip").write_bytes(b"zip")
    assert store.exports().parent == first.parent and first.exists()
    os.utime(first, (old, old))
    second = store.exports()
    assert not first.exists() and second.exists()
