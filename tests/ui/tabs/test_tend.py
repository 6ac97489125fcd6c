"""The Runs tab's part for one's own runs: named, tagged, deleted, and all of it undone."""

from typing import Any

import pytest

from sdqviz.runner.catalog import static_catalog
from sdqviz.ui.context import AppContext
from tests.ui.tabs.test_runs import caller


@pytest.fixture
def call(store):
    nothing: Any = None
    call = caller(AppContext(store, static_catalog, *[nothing] * 6))
    return lambda name, *values: call(f"build_tending.{name}", *values)


@pytest.fixture
def run_id(store):
    return store.runs.add("generate", {"run": "x", "scene": {"prompt": "a <b>key</b>"}})


def test_without_runs_there_is_nothing_to_choose(call):
    chosen, binned, row, save, delete = call("fill", None, None)
    assert not row["visible"]
    assert chosen["choices"] == binned["choices"] == [] and call("show", None) == ["", ""]
    assert not save["interactive"] and not delete["interactive"]


def test_a_run_is_named_and_tagged_and_that_is_undone(call, store, run_id):
    chosen = call("fill", None, None)[0]
    assert chosen["value"] == run_id and "a <b>key</b>" in chosen["choices"][0][0]
    before, undo, told = call("change", run_id, "the <i>key</i>", "a, b")
    assert store.runs.get(run_id).tags == ("a", "b")
    assert undo["visible"] and "the &lt;i&gt;key" in told
    assert call("show", run_id) == ["the <i>key</i>", "a, b"]
    assert call("take_back", before, run_id)[-2:] == ["", ""]
    run = store.runs.get(run_id)
    assert (run.name, run.tags) == ("", ())


def test_a_deleted_run_lies_in_the_bin_and_both_ways_lead_back(call, store, run_id):
    before, undo, told = call("remove", run_id)
    assert undo["visible"] and "Deleted" in told and store.runs.list() == []
    _, binned, row, *_ = call("fill", run_id, run_id)
    assert binned["value"] == run_id and row["visible"]
    call("take_back", before, None)
    assert store.runs.has(run_id)
    call("remove", run_id)
    before, *_ = call("bring_back", run_id)
    assert store.runs.has(run_id)
    call("take_back", before, None)
    assert [run.id for run in store.runs.bin()] == [run_id]


def test_what_cannot_be_done_is_told_in_a_line(call, store, run_id):
    store.runs.claim(run_id)
    cases = (
        ("remove", [run_id], "is running"),
        ("remove", [None], "no run is chosen"),
        ("change", [run_id, "a", "<b>"], "is no tag"),
        ("bring_back", [run_id], "is not deleted"),
        *(
            ("take_back", [odd, None], "nothing to undo")
            for odd in (None, "", "[]", "{}", '{"run": 1}')
        ),
        (
            "take_back",
            ['{"run": "a", "name": "b", "was": "changed", "tags": [1]}', None],
            "to undo",
        ),
    )
    for name, values, told in cases:
        with pytest.raises(Exception, match=told):
            call(name, *values)
    assert store.runs.get(run_id).name == ""
