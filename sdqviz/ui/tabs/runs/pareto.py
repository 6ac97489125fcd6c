"""The plot of size or speed against a score, over the runs of the shown run's model."""

from typing import Any

import gradio as gr

from sdqviz.store.runs import Run
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.markup import html
from sdqviz.views.runs.listing import finished, is_readable
from sdqviz.views.runs.names import arithmetic
from sdqviz.views.runs.pareto import AXES, SIZE, STEP, pareto_plot

_USUAL = "flip"


def build_pareto(context: AppContext, shared: Shared) -> None:
    """Adds the two choices and the plot."""
    gr.Markdown("### What the size buys")
    with gr.Row():
        axis = gr.Radio(label="Across", choices=list(AXES), value=SIZE, elem_id="pareto-axis")
        metric = gr.Radio(
            label="Upwards",
            choices=_choices(_scored(context)),
            value=_USUAL,
            elem_id="pareto-metric",
        )
    plot = gr.HTML(elem_id="pareto")

    @reads
    def draw(run_id: str | None, axis: str, metric: str) -> list[Any]:
        shown = context.finished_run(run_id)
        if shown is None:
            return ["", gr.skip()]
        model = shown.spec["model"]
        runs = [r for r in _scored(context) if r.spec["model"] == model]
        notes = [f"Runs of {model} only: scores of different models do not compare."]
        if len(runs) == 1:
            notes.append("This is the only one: quantize again with other settings to compare.")
        else:
            notes.append("Each at the median over its own held-out scenes; the dashed lines are")
            notes.append("the shown run's references.")
        if axis == STEP and any(arithmetic(r) == "simulated" for r in runs):
            notes.append("Seconds of a simulation are not those of an integer kernel; each mark")
            notes.append("says which it is.")
        choices = _choices([shown])
        known = metric in [name for _, name in choices]
        drawn = pareto_plot(runs, shown, axis, metric if known else _USUAL)
        about = html('<p class="sdq-about">{notes}</p>', notes=" ".join(notes))
        # Its value is left alone: meanwhile the visitor may have chosen another.
        return [
            about + drawn,
            gr.Radio(choices=choices) if known else gr.Radio(choices=choices, value=_USUAL),
        ]

    changed = [shared.run.change, shared.listing.change, axis.change, metric.change]
    gr.on(changed, draw, [shared.run, axis, metric], [plot, metric], **QUIET)


def _scored(context: AppContext) -> list[Run]:
    return list(filter(is_readable, finished(context.store.runs.list())))


def _choices(runs: list[Run]) -> list[tuple[str, str]]:
    """Label and name of each metric that a run has a number of."""
    found = {name: metric.label for run in runs for name, metric in run.quantized.measured.items()}
    return [(label, name) for name, label in found.items()]
