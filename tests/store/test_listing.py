"""Listing runs: only what changed is read, and no result before it is asked for."""

import json
import sqlite3
import time

import pytest

from sdqviz.store.runs import DONE, FAILED, RUNNING
from sdqviz.store.store import Store

MANY = 5000
MOST_SECONDS = 0.010


def fill(store: Store, count: int, result: dict) -> None:
    """Finished runs as they are stored, in one transaction."""
    spec, text = json.dumps({"model": "m", "config": {}}), json.dumps(result)
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.executemany(
            "INSERT INTO runs (id, kind, spec, state, result, created, seconds, format)"
            " VALUES (?, 'quantize', ?, 'done', ?, ?, 1.0, 1)",
            [(f"{n:012x}", spec, text, float(n)) for n in range(count)],
        )


@pytest.fixture
def reads(store, monkeypatch):
    """The columns of each query of whole runs."""
    seen = []
    rows = store.runs._database.rows

    def note(query, values=()):
        found = rows(query, values)
        seen.append((query, len(found)))
        return found

    monkeypatch.setattr(store.runs._database, "rows", note)
    return seen


def test_listing_reads_what_changed_and_no_result(store, reads):
    fill(store, 20, {"seconds": 1.0})
    assert [run.id for run in store.runs.list()][:2] == [f"{19:012x}", f"{18:012x}"]
    reads.clear()
    store.runs.list()
    assert not [query for query, _ in reads if "FROM runs WHERE revision" in query]
    added = store.runs.add("generate", {"run": "a"})
    assert store.runs.list()[0].id == added
    assert [count for query, count in reads if "FROM runs WHERE revision" in query] == [1]
    assert not [query for query, _ in reads if "result" in query or "*" in query]
    assert store.runs.list()[1].result == {"seconds": 1.0}
    assert [query for query, _ in reads if "result" in query]


def test_every_change_is_seen_also_by_another_reader(store):
    other = Store(store.folder)
    run_id = store.runs.add("quantize", {"model": "m"})
    tokens = [other.runs.listing()]
    assert other.runs.get(run_id).state == other.runs.list()[0].state == "queued"
    store.runs.claim(run_id)
    assert other.runs.list()[0].state == RUNNING
    tokens.append(other.runs.listing())
    before = other.runs.version()
    store.runs.heartbeat(run_id)
    assert other.runs.version() == before  # nothing to show
    store.runs.set_progress(run_id, "pack", 0.5, 3.0)
    assert (other.runs.list()[0].stage, other.runs.list()[0].progress) == ("pack", 0.5)
    assert other.runs.version() != before
    assert other.runs.listing() == tokens[-1]
    store.runs.finish(run_id, DONE, result={"seconds": 4.0})
    assert (other.runs.list()[0].state, other.runs.list()[0].seconds) == (DONE, 4.0)
    store.runs.set_result(run_id, {"seconds": 5.0})
    assert other.runs.list()[0].result == {"format": 1, "seconds": 5.0}
    tokens.append(other.runs.listing())
    store.runs.forget(run_id)
    assert other.runs.list() == []
    tokens.append(other.runs.listing())
    assert len(set(tokens)) == len(tokens)


def test_a_run_is_deleted_and_added_again_between_two_looks(store):
    fill(store, 3, {"seconds": 1.0})
    store.runs.list()
    store.runs.forget(f"{1:012x}")
    store.runs.add("quantize", {"model": "again"}, f"{1:012x}")
    listed = {run.id: run.spec["model"] for run in store.runs.list()}
    assert listed == {f"{0:012x}": "m", f"{1:012x}": "again", f"{2:012x}": "m"}


def test_one_damaged_row_hides_no_other(store):
    fill(store, 3, {})
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.execute("UPDATE runs SET spec = '{' WHERE id = ?", (f"{1:012x}",))
    states = {run.id: run.state for run in store.runs.list()}
    assert states == {f"{0:012x}": DONE, f"{1:012x}": FAILED, f"{2:012x}": DONE}
    damaged = store.runs.get(f"{1:012x}")
    assert "is damaged" in (damaged.error or {})["error"]
    store.runs.forget(damaged.id)
    assert len(store.runs.list()) == 2


def test_five_thousand_runs_are_listed_in_ten_milliseconds_of_processor_time(store):
    fill(store, MANY, {"layers": [{"name": f"layer {n}"} for n in range(50)]})
    assert len(store.runs.list()) == MANY

    def listed() -> float:
        started = time.process_time()
        store.runs.list()
        store.runs.version()
        return time.process_time() - started

    assert min(listed() for _ in range(5)) < MOST_SECONDS
    run_id = store.runs.add("generate", {"run": "a"})
    times = []
    for step in range(5):  # a page that follows a job
        store.runs.set_progress(run_id, "draw", step / 5, None)
        times.append(listed())
    assert min(times) < MOST_SECONDS
