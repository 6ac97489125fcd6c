"""A demo's visitors start what it says, so often; what they left is gone in time."""

import sqlite3

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import (
    COMPARE,
    GENERATE,
    QUANTIZE,
    SCORE,
    generate_request,
    quantize_request,
)
from sdqviz.base.scene import Scene
from sdqviz.runner.catalog import static_catalog
from sdqviz.store.asker import OPERATOR, Asker
from sdqviz.store.demo import DAY_SECONDS, Demo
from sdqviz.store.limit_error import LimitError
from sdqviz.store.limits import Limits
from sdqviz.store.own import OwnRuns
from sdqviz.store.runs import DONE

ANNA, BEN = Asker(visitor="a"), Asker(visitor="b")


@pytest.fixture(scope="module")
def catalog():
    return static_catalog()


def older(store, column: str, seconds: float) -> None:
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.execute(f"UPDATE runs SET {column} = {column} - ?", (seconds,))


@pytest.mark.parametrize(
    ("starts", "allowed"),
    [("nothing", ()), ("generate", (GENERATE, COMPARE)), ("quick", (GENERATE, COMPARE, QUANTIZE))],
)
def test_what_visitors_may_start(catalog, starts, allowed):
    quick = quantize_request(catalog, "mini-sd1")
    for kind in (GENERATE, COMPARE, QUANTIZE, SCORE):
        if kind in allowed:
            Demo(starts=starts).refuse(kind, quick, catalog)
        else:
            with pytest.raises(LimitError, match="this demo") as told:
                Demo(starts=starts).refuse(kind, quick, catalog)
            assert "on your own machine" in told.value.hint


@pytest.mark.parametrize(
    ("scene", "told"),
    [
        ({"steps": 101}, "101 steps, and 100 is the most"),
        ({"steps": 5, "width": 2048, "height": 1024}, "2.1 megapixels, and 1 is the most"),
    ],
)
def test_no_visitor_draws_for_hours(catalog, scene, told):
    spec = generate_request("x", Scene(prompt="a key", **scene))
    with pytest.raises(LimitError, match=told):
        Demo().refuse(GENERATE, spec, catalog)


def test_quick_is_the_preset_as_it_is(catalog):
    for spec in (
        quantize_request(catalog, "mini-sd1", preset="paper"),
        quantize_request(catalog, "mini-sd1", config={"training_steps": 4000}),
    ):
        with pytest.raises(LimitError, match="the preset quick as it is"):
            Demo(starts="quick").refuse(QUANTIZE, spec, catalog)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"starts": "all"}, "--demo is 'all'"),
        ({"session": -1}, "--demo-session is -1"),
        ({"day": 10**9}, "--demo-day is"),
        ({"hours": float("nan")}, "--demo-hours is nan"),
        ({"hours": float("inf")}, "--demo-hours is inf"),
    ],
)
def test_what_is_no_demo_is_refused(values, told):
    with pytest.raises(SdqvizError, match=told):
        Demo(**values)


def test_a_visitor_and_all_visitors_start_so_many_within_a_day(store):
    limits = Limits(in_all=100, each=100, demo=Demo(session=2, day=3))
    asker = ANNA
    runs = OwnRuns(store.runs, lambda: asker, lambda run: False)

    def start() -> str:
        run_id = runs.add(GENERATE, {}, limits)
        store.runs.finish(run_id, DONE, result={})
        return run_id

    first, _ = start(), start()
    store.runs.delete(first)  # what was deleted was started all the same
    with pytest.raises(LimitError, match="you started 2 of the 2 jobs") as told:
        start()
    assert told.value.hint.startswith("come again in 24 h, or run sdqviz on your own machine")
    asker = BEN
    start()
    with pytest.raises(LimitError, match="visitors started 3 of the 3 jobs that"):
        start()
    asker = OPERATOR
    start()
    older(store, "created", DAY_SECONDS)
    asker = ANNA
    start()


def test_a_resumed_run_counted_when_it_was_started(store):
    limits = Limits(in_all=100, each=100, demo=Demo(session=1))
    runs = OwnRuns(store.runs, lambda: ANNA, lambda run: False)
    run_id = runs.add(GENERATE, {}, limits)
    store.runs.request_cancel(run_id)
    assert runs.resume(run_id, limits).state == "queued"


def test_visitors_runs_are_gone_in_time_and_no_others(store):
    ids = {
        who: store.runs.add(GENERATE, {}, visitor=visitor)
        for who, visitor in (("anna", "a"), ("binned", "a"), ("featured", "b"), ("line", ""))
    }
    for run_id in ids.values():
        store.runs.finish(run_id, DONE, result={})
    waiting = store.runs.add(GENERATE, {}, visitor="a")
    store.runs.delete(ids["binned"])
    store.runs.describe(ids["featured"], tags=["featured"])
    assert store.runs.forget_visitors(3600.0) == 0
    older(store, "ended", 3700.0)
    assert store.runs.forget_visitors(3600.0) == 2
    assert {run.id for run in store.runs.list()} == {ids["featured"], ids["line"], waiting}
    assert store.runs.bin() == []
