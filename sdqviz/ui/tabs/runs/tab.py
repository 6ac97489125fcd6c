"""All finished runs: a table to choose from, their differences, size against score, their code."""

import time
from typing import Any

import gradio as gr

from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import KEEP_RUN_IN_ADDRESS, Shared
from sdqviz.ui.tabs.runs.code import build_run_code
from sdqviz.ui.tabs.runs.difference import build_difference
from sdqviz.ui.tabs.runs.pareto import build_pareto
from sdqviz.views.runs.listing import finished
from sdqviz.views.runs.table import COLUMNS, run_table

_JOBS = ["run", "kind", "state", "model", "recipe", "preset", "created", "seconds"]


class RunsTab:
    name, label, order = "runs", "Runs", 4

    def build(self, context: AppContext, shared: Shared) -> None:
        gr.Markdown(
            "**Finished runs.** Select a row to show that run everywhere; a column's name sorts. "
            "Scores are medians over the run's own held-out scenes (↑ higher, ↓ lower is better); "
            "sizes, seconds and memory are measured."
        )
        table = gr.Dataframe(
            headers=[column.header for column in COLUMNS],
            datatype=[column.kind for column in COLUMNS],
            column_widths=[f"{column.width}px" for column in COLUMNS],
            interactive=False,
            max_height=420,
            elem_id="runs",
        )
        build_difference(context, shared)
        build_pareto(context, shared)
        build_run_code(context, shared)
        with gr.Accordion("All jobs, also those that wait, stopped or failed", open=False):
            jobs = gr.Dataframe(headers=_JOBS, interactive=False, max_height=420, elem_id="jobs")

        def fill() -> list[Any]:
            runs = context.store.runs.list()
            return [run_table(finished(runs)), [_job(run) for run in runs]]

        def choose(event: gr.SelectData) -> str:
            # Not event.index: after sorting it is another run's.
            return event.row_value[0]

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        shared.listing.change(fill, None, [table, jobs], **quiet)
        table.select(choose, None, shared.run, **quiet).then(
            None, shared.run, None, js=KEEP_RUN_IN_ADDRESS
        )


def _job(run: Any) -> list[Any]:
    return [
        run.id,
        run.kind,
        run.state,
        run.spec.get("model") or run.spec.get("run"),
        run.spec.get("recipe", ""),
        run.spec.get("preset", ""),
        time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created)),
        round((run.result or {}).get("seconds", 0), 1),
    ]


TAB = RunsTab()
