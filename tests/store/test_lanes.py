"""Short jobs do not wait for long ones, and long ones not for ever."""

import time

from sdqviz.store.runs import PATIENCE_SECONDS


def age(store, run_id: str, seconds: float) -> None:
    with store.runs._database.transaction() as sql:
        sql.execute("UPDATE runs SET created = ? WHERE id = ?", (time.time() - seconds, run_id))


def test_a_short_job_passes_a_long_one(store):
    long = store.runs.add("quantize", {})
    age(store, long, 60)
    short = [store.runs.add(kind, {}) for kind in ("generate", "compare", "score")]
    assert [store.runs.claim().id for _ in range(4)] == [*short, long]


def test_a_long_job_that_waited_long_is_next(store):
    long = store.runs.add("quantize", {})
    age(store, long, PATIENCE_SECONDS + 1)
    short = store.runs.add("generate", {})
    assert [store.runs.claim().id for _ in range(2)] == [long, short]


def test_the_second_lane_takes_short_jobs_only(store):
    store.runs.add("quantize", {})
    assert store.runs.claim(only_short=True) is None
    short = store.runs.add("generate", {})
    assert store.runs.claim(only_short=True).id == short


def test_a_lane_is_wanted_where_a_short_job_waits_behind_a_long_one(store):
    short = store.runs.add("generate", {})
    assert not store.runs.has_waiting_short()
    store.runs.claim(store.runs.add("quantize", {}))
    assert store.runs.has_waiting_short()
    store.runs.claim(short)
    assert not store.runs.has_waiting_short()
