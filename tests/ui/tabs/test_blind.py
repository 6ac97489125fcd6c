import base64
import functools
import inspect
import json
import re
from typing import Any

import gradio as gr
import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.publish.bundle import import_demos
from sdqviz.ui.app import build_app
from sdqviz.ui.context import AppContext
from sdqviz.ui.tabs.blind.tab import BlindTab


@pytest.fixture
def run(store):
    import_demos(store, assets_folder() / "demo")
    runs = [r for r in store.runs.list() if r.kind == "quantize"]
    return next(r for r in runs if r.spec["recipe"] == "fidelity")


@pytest.fixture
def handlers(store) -> dict[str, Any]:
    """The tab's handlers by name; the three answer buttons share one."""
    catalog = json.loads((assets_folder() / "catalog.json").read_text(encoding="utf-8"))
    nothing: Any = None
    page = build_app(AppContext(store, lambda: catalog, *[nothing] * 6))
    named: dict[str, Any] = {}
    for entry in page.fns.values():
        given, inner = entry.fn, inspect.unwrap(entry.fn) if entry.fn else None
        if isinstance(inner, functools.partial):
            given = inner.func
        if given is not None and BlindTab.__name__ in given.__qualname__:
            named[given.__name__] = given
    return named


def test_a_test_runs_to_its_reveal_and_keeps_its_run(store, run, handlers):
    files = {
        store.blobs.get(row["images"][who]): (row["id"], who)
        for row in run.result["scenes"]
        for who in ("fp", "student")
    }
    _, _, stage, *_, session, number = handlers["begin"](run.id, "abx", 8)
    for expected in range(8):
        assert number == str(expected)
        trial = store.answers.session(session).trials[expected]
        shown = [files[base64.b64decode(data)] for data in re.findall(r'base64,([^"]+)"', stage)]
        assert shown == [(trial.scene, who) for who in trial.shown]
        # Another run is chosen meanwhile: the page of a running test is left alone.
        followed = handlers["follow"](None, session, run.id)
        assert all(update == gr.skip() for update in followed)
        # A page that was loaded again goes on where it was.
        again = handlers["follow"](run.id, session, "")
        assert again[2] == stage
        assert again[-6:-3] == [session, number, run.id]
        _, _, stage, *_, session_now, number = handlers["give"]("second", session, str(expected))
        if expected < 7:
            assert session_now == session
            handlers["give"]("first", session, str(expected))  # pressed twice: the first one stays
    assert (session_now, number) == ("", "")
    trials = store.answers.session(session).trials
    assert [t.answer for t in trials] == ["second"] * 8
    assert stage.count("✓ right") == sum(t.is_right for t in trials)
    assert stage.count("✗ wrong") == sum(not t.is_right for t in trials)
    (test,) = store.answers.finished(run.id, "abx")
    assert test.sure == 8
    assert handlers["give"]("first", "", "")[0] == gr.skip()


def test_what_cannot_be_tested_is_one_line(store, run, handlers):
    for row in run.result["scenes"]:
        store.blobs.path(row["images"]["fp"]).unlink()
    with pytest.raises(gr.Error, match="no picture of run"):
        handlers["begin"](run.id, "which", 8)
    bare = store.runs.add_made("quantize", run.spec, {**run.result, "scenes": []})
    with pytest.raises(gr.Error, match="no scene to test with"):
        handlers["begin"](bare, "which", 8)
    for other in store.runs.list():
        store.runs.forget(other.id)
    with pytest.raises(gr.Error, match="there is no finished run"):
        handlers["begin"](None, "which", 8)
    assert "No finished run yet" in handlers["follow"](None, "", "")[2]
    assert handlers["follow"](None, "gone", "")[2] == gr.skip()  # a page that is loading
