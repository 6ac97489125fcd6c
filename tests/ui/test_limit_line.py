"""What a demo does not start is told in one line where it was asked for."""

import sys
from typing import Any

import pytest

from sdqviz.cli.main import main
from sdqviz.serve import app_context
from sdqviz.store.asker import Asker
from sdqviz.store.demo import Demo
from sdqviz.store.limits import Limits
from sdqviz.ui.tabs.compare.tab import TAB
from tests.server.conftest import Idle
from tests.ui.tabs.test_runs import caller


@pytest.mark.parametrize("starts", ["nothing", "generate"])
def test_a_refusal_stays_in_the_page_and_starts_nothing(home, starts):
    limits = Limits(in_all=9, each=9, demo=Demo(starts=starts, session=0))
    context = app_context(home, Idle(), False, lambda: Asker(visitor="a"), limits)
    call = caller(context, TAB)
    values: list[Any] = ["a <b>key</b>", 1, "", 5, 2, "ddim", "own", "0x0", 0]
    _, told = call("build_scene_form.generate", context.finished_run(None).id, *values)
    said = {"nothing": "This demo shows runs, and starts none.", "generate": "You started 0 of"}
    assert said[starts] in told and "Next: " in told and told.count("<p") == 1
    spec = {"model": "mini-sd1", "preset": "quick", "recipe": "fidelity"}
    with pytest.raises(Exception, match="this demo"):
        context.submit("quantize", spec)
    assert not [run for run in context.store.runs.list() if run.visitor]
    assert context.may_draw == (starts == "generate") and not context.may_quantize


def test_a_demo_is_told_by_its_variables(home, monkeypatch):
    started: dict[str, Any] = {}
    monkeypatch.setattr("sdqviz.serve.serve", lambda **given: started.update(given))
    for name, value in (("", "quick"), ("_SESSION", "3"), ("_DAY", "40"), ("_HOURS", "0.5")):
        monkeypatch.setenv(f"SDQVIZ_DEMO{name}", value)
    monkeypatch.setattr(sys, "argv", ["sdqviz", "app"])
    with pytest.raises(SystemExit):
        main()
    assert started["demo"] == Demo(starts="quick", session=3, day=40, hours=0.5)
    monkeypatch.setenv("SDQVIZ_DEMO", "everything")
    with pytest.raises(SystemExit):
        main()
