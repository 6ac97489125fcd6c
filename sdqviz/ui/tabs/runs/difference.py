"""A baseline and other runs of its model: differences of scores and of settings."""

from typing import Any

import gradio as gr

from sdqviz.store.runs import Run
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.markup import html
from sdqviz.views.runs.listing import finished, is_readable
from sdqviz.views.runs.names import run_name
from sdqviz.views.runs.score_difference import score_table
from sdqviz.views.runs.settings_difference import settings_table

_SHOWN = ""  # the baseline that follows the shown run
_ALONE = html(
    '<p class="sdq-empty">There is no other run of this model. Quantize it again with another '
    "method, preset or settings to compare.</p>"
)
_EMPTY = html(
    '<p class="sdq-empty">No finished run yet. Choose a model at the left and press Quantize.</p>'
)
_NONE = html('<p class="sdq-empty">Choose one or more runs to compare with the baseline.</p>')


def build_difference(context: AppContext, shared: Shared) -> None:
    """Adds the two choices and the two tables."""
    gr.Markdown(
        "### Differences\nBetween a baseline and other runs of the same model: scores of different "
        "models do not compare, each is scored against its own FP pictures."
    )
    with gr.Row():
        pinned = gr.Dropdown(
            label="Baseline",
            choices=[("the shown run", _SHOWN)],
            value=_SHOWN,
            min_width=260,
            elem_id="baseline",
        )
        others = gr.Dropdown(
            label="Compared with",
            choices=[],
            multiselect=True,
            scale=2,
            min_width=260,
            elem_id="others",
        )
    scores = gr.HTML(elem_id="score-difference")
    gr.Markdown("**Settings that differ**")
    settings = gr.HTML(elem_id="settings-difference")

    def found(run_id: str | None, pin: str | None) -> tuple[Run | None, list[Run], list[Run]]:
        """The baseline, the other runs of its model, and all runs."""
        runs = finished(context.store.runs.list())
        baseline = context.finished_run(pin or run_id)
        if baseline is None:
            return None, [], runs
        model = baseline.spec["model"]
        return baseline, [r for r in runs if r.spec["model"] == model and r.id != baseline.id], runs

    @reads
    def choices(run_id: str | None, pin: str | None, chosen: list[str] | None) -> list[Any]:
        """What may be chosen now, and its tables; what was chosen stays while it may be."""
        _, rest, runs = found(run_id, pin)
        kept = [r.id for r in rest if r.id in (chosen or [])]
        # The shown run if another one is pinned, else the newest.
        usual = [r.id for r in rest if r.id == run_id] or [r.id for r in rest[:1]]
        offered = [("the shown run", _SHOWN), *((run_name(r), r.id) for r in runs)]
        value = pin if pin in [r.id for r in runs] else _SHOWN
        return [
            gr.Dropdown(choices=offered, value=value),
            gr.Dropdown(choices=[(run_name(r), r.id) for r in rest], value=kept or usual),
            *draw(run_id, pin, kept or usual),
        ]

    @reads
    def draw(run_id: str | None, pin: str | None, chosen: list[str] | None) -> list[str]:
        baseline, rest, _ = found(run_id, pin)
        compared = [r for r in rest if r.id in (chosen or []) and is_readable(r)]
        if baseline is None:
            return [_EMPTY, ""]
        if not compared:
            return [_NONE if rest else _ALONE, ""]
        return [score_table(baseline, compared), settings_table(baseline, compared)]

    inputs, outputs = [shared.run, pinned, others], [scores, settings]
    moved = [shared.run.change, shared.listing.change, pinned.input]
    # The last of several changes counts, not the first.
    last: dict[str, Any] = {**QUIET, "trigger_mode": "always_last"}
    gr.on(moved, choices, inputs, [pinned, others, *outputs], **last)
    others.input(draw, inputs, outputs, **last)
