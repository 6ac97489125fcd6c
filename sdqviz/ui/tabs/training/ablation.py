"""The ablation of a model: what each idea of the method is worth."""

from typing import Any

import gradio as gr

from sdqviz.base.request import ABLATE
from sdqviz.results.ablation import AblationResult
from sdqviz.store.runs import DONE
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.training.ablation import ablation_curves, ablation_plot, ablation_table

_NONE = "No ablation of this model yet. Run `sdqviz ablate MODEL`."


def build_ablation(context: AppContext, shared: Shared) -> None:
    """Adds the plot and the table of the newest ablation of the shown run's model."""
    with gr.Accordion("Ablation: what each idea is worth", open=False):
        plot = gr.HTML(elem_id="ablation-plot")
        curves = gr.HTML(elem_id="ablation-curves")
        table = gr.Markdown(elem_id="ablation")

        @reads
        def fill(run_id: str | None) -> list[Any]:
            run = context.finished_run(run_id)
            made = [
                r
                for r in context.store.runs.list(ABLATE)
                if r.state == DONE and run is not None and r.spec["model"] == run.spec["model"]
            ]
            result = made[0].outcome if made else None
            if not isinstance(result, AblationResult):
                return ["", "", _NONE]
            rows = result.rows
            events = context.store.records.events(made[0].id, "Scalar")
            lines = ablation_curves(events, rows[0].bits)
            return [ablation_plot(rows), lines, ablation_table(rows)]

        outputs = [plot, curves, table]
        shared.run.change(fill, shared.run, outputs, **QUIET)
