"""The button that fetches LPIPS's backbone: for one's own machine, and a run that lacks it."""

from dataclasses import replace

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.base.request import SCORE
from sdqviz.publish.bundle import import_demos
from sdqviz.runner.catalog import static_catalog
from sdqviz.ui.context import AppContext
from sdqviz.ui.tabs.compare.tab import TAB as COMPARE
from tests.ui.tabs.test_runs import caller


@pytest.fixture
def context(store):
    import_demos(store, assets_folder() / "demo")
    submitted = []
    nothing = None
    context = AppContext(
        store,
        static_catalog,
        lambda kind, spec: submitted.append((kind, spec)) or "",
        *[nothing] * 5,
        own_machine=True,
    )
    return context, submitted


def test_it_names_the_size_and_asks_for_the_shown_run(context, store):
    context, submitted = context
    run = next(r for r in store.runs.list() if r.spec["recipe"] == "fidelity")
    call = caller(context, COMPARE)
    assert call("build_score_button.offer", run.id)[0]["visible"]
    call("build_score_button.submit", run.id, "squeeze")
    assert submitted == [(SCORE, {"run": run.id, "fetch": "squeeze"})]
    lpips = {**run.result["metrics"]["flip"], "label": "LPIPS (alex)"}
    metrics = {**run.result["metrics"], "lpips": lpips}
    store.runs.set_result(run.id, {**run.result, "metrics": metrics})
    assert not call("build_score_button.offer", run.id)[0]["visible"]


def test_visitors_have_no_such_button(context):
    call = caller(replace(context[0], own_machine=False), COMPARE)
    with pytest.raises(KeyError, match="build_score_button"):
        call("build_score_button.offer", None)
