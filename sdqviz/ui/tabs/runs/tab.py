"""All finished runs: a table to choose from, their differences, size against score, their code."""

import time
from typing import Any

import gradio as gr

from sdqviz.store.runs import Run
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import KEEP_RUN_IN_ADDRESS, QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.ui.tabs.runs.code import build_run_code
from sdqviz.ui.tabs.runs.difference import build_difference
from sdqviz.ui.tabs.runs.pareto import build_pareto
from sdqviz.ui.tabs.runs.tend import build_tending
from sdqviz.ui.told import told
from sdqviz.views.runs.listing import finished, is_readable
from sdqviz.views.runs.table import columns, run_table

_JOBS = ["run", "kind", "state", "model", "recipe", "preset", "created", "seconds"]


class RunsTab:
    name, label, order = "runs", "Runs", 5
    waits = False  # its table is laid out anew when runs change, and gradio then draws the tab anew

    def build(self, context: AppContext, shared: Shared) -> None:
        gr.Markdown(
            "**Finished runs.** Select a row to show that run everywhere; a column's name sorts. "
            "Scores are medians over the run's own held-out scenes (↑ higher, ↓ lower is better), "
            "in brackets their 95 % interval; "
            "sizes, seconds and memory are measured."
        )
        table = gr.Dataframe(
            **_layout(_rows(context.store.runs.list())),
            interactive=False,
            max_height=420,
            elem_id="runs",
        )
        build_tending(context, shared)
        build_difference(context, shared)
        build_pareto(context, shared)
        build_run_code(context, shared)
        with gr.Accordion("All jobs, also those that wait, stopped or failed", open=False):
            jobs = gr.Dataframe(headers=_JOBS, interactive=False, max_height=420, elem_id="jobs")

        @reads
        def fill() -> list[Any]:
            runs = context.store.runs.list()
            shown = _rows(runs)
            table = gr.Dataframe(value=run_table(shown), **_layout(shown))
            return [table, [_job(run) for run in runs]]

        def choose(event: gr.EventData) -> Any:
            # Not its index: after sorting it is another run's.
            row = told(event, "row_value", list)
            return row[0] if row and isinstance(row[0], str) else gr.skip()

        shared.listing.change(fill, None, [table, jobs], **QUIET)
        table.select(choose, None, shared.chosen, **QUIET).then(
            None, shared.chosen, None, js=KEEP_RUN_IN_ADDRESS
        )


def _rows(runs: list[Run]) -> list[Run]:
    return list(filter(is_readable, finished(runs)))


def _layout(runs: list[Run]) -> dict[str, Any]:
    shown = columns(runs)
    return {
        "headers": [column.header for column in shown],
        "datatype": [column.kind for column in shown],
        "column_widths": [f"{column.width}px" for column in shown],
    }


def _job(run: Any) -> list[Any]:
    return [
        run.id,
        run.kind,
        run.state,
        run.spec.get("model") or run.spec.get("run"),
        run.spec.get("recipe", ""),
        run.spec.get("preset", ""),
        time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created)),
        round(run.seconds or 0, 1),
    ]


TAB = RunsTab()
