"""The Runs tab's handlers, called as the page calls them."""

import asyncio
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from sdqviz.base.assets import assets_folder
from sdqviz.publish.bundle import import_demos
from sdqviz.runner.catalog import static_catalog
from sdqviz.ui.context import AppContext
from sdqviz.ui.sidebar import build_sidebar
from sdqviz.ui.tabs.runs.tab import TAB


def caller(context: AppContext, tab: Any = TAB):
    """A function that calls a handler by its function's and its own name: a page of its own."""
    with gr.Blocks() as page:
        tab.build(context, build_sidebar(context, gr.Tabs()))
    handlers = {f.fn.__qualname__: f for f in page.fns.values() if f.fn}
    session = SessionState(page)

    def call(name: str, *inputs: Any, event: Any = None) -> list[Any]:
        owner, _, own = name.rpartition(".")
        handler = handlers[f"{owner}.<locals>.{own}"]
        data = None if event is None else gr.EventData(None, event)
        return asyncio.run(page.process_api(handler, list(inputs), state=session, event_data=data))[
            "data"
        ]

    call("build_sidebar.list_runs", None, "", "1")
    return call


@pytest.fixture
def context(store) -> AppContext:
    nothing: Any = None
    return AppContext(store, static_catalog, *[nothing] * 6)


def test_without_runs_the_next_step_is_told(context):
    call = caller(context)
    assert call("RunsTab.build.fill")[0]["value"]["data"] == []
    assert "press Quantize" in call("build_difference.draw", None, "", [])[0]
    assert call("build_pareto.draw", None, "packed size", "flip")[0] == ""


def test_one_run_alone_asks_for_another(context, store):
    import_demos(store, assets_folder() / "demo")
    trained = next(r for r in store.runs.list() if r.spec["recipe"] == "fidelity")
    for run in store.runs.list("quantize"):
        if run.id != trained.id:
            store.runs.forget(run.id)
    call = caller(context)
    assert "no other run of this model" in call("build_difference.draw", None, "", [])[0]
    assert "the only one" in call("build_pareto.draw", trained.id, "packed size", "flip")[0]


def test_the_baseline_follows_the_shown_run_or_stays_pinned(context, store):
    import_demos(store, assets_folder() / "demo")
    ids = {r.spec["recipe"]: r.id for r in store.runs.list("quantize")}
    trained, rounded = ids["fidelity"], ids["round_nearest"]
    call = caller(context)
    pinned, others, *_ = call("build_difference.choices", trained, "", [])
    assert (pinned["value"], others["value"]) == ("", [rounded])
    # The other one becomes the shown run: they change places.
    pinned, others, *_ = call("build_difference.choices", rounded, "", [rounded])
    assert (pinned["value"], others["value"]) == ("", [trained])
    # Pinned, the baseline stays.
    pinned, others, *_ = call("build_difference.choices", rounded, trained, [trained])
    assert (pinned["value"], others["value"]) == (trained, [rounded])
    scores, settings = call("build_difference.draw", rounded, trained, [rounded])
    assert f"{rounded[:4]} against fidelity" in scores
    assert "config.training_steps" in settings


def test_a_selected_row_gives_its_own_id(context, store):
    import_demos(store, assets_folder() / "demo")
    call = caller(context)
    row = call("RunsTab.build.fill")[0]["value"]["data"][1]
    # The second row of the data stands first on the page after sorting.
    event = {"index": [0, 5], "value": row[5], "row_value": row, "selected": True}
    assert call("RunsTab.build.choose", event=event) == [row[0]]
