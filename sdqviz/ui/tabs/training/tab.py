"""The training of a run, live and afterwards: losses, one curve per block, frozen blocks."""

from typing import Any

import gradio as gr

from sdqviz.base.request import QUANTIZE
from sdqviz.store.runs import ACTIVE, Run
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.ui.tabs.training.ablation import build_ablation
from sdqviz.views.markup import html
from sdqviz.views.runs.card import duration, time_left
from sdqviz.views.runs.names import run_name
from sdqviz.views.training.charts import (
    KINDS,
    TRAIN,
    block_chart,
    frozen_list,
    influence_chart,
    loss_chart,
    preview_strip,
    rate_chart,
    worst_blocks,
)
from sdqviz.views.training.history import History, history
from sdqviz.views.training.stages import stage_bar

_EMPTY = html(
    '<p class="sdq-empty">This run trained nothing. Choose the method "Fidelity (trained)" at the '
    "left and press Quantize, or choose a trained run.</p>"
)


class TrainingTab:
    name, label, order = "training", "Training", 4

    def build(self, context: AppContext, shared: Shared) -> None:
        head = gr.HTML(elem_id="training-head")
        with gr.Row():
            kind = gr.Radio(label="Block errors on", choices=list(KINDS), value=TRAIN, scale=2)
            lit = gr.Dropdown(
                label="Highlighted blocks",
                choices=[],
                multiselect=True,
                filterable=True,
                scale=3,
                elem_id="blocks",
            )
            smoothing = gr.Slider(
                label="Smoothing", minimum=0, maximum=0.95, step=0.05, value=0.6, min_width=240
            )
            logarithmic = gr.Checkbox(label="Log scale", value=True)
        with gr.Row():
            with gr.Column():
                gr.Markdown("**Loss.** Relative to the teacher's power: 0.01 is 1 % of it.")
                losses = gr.HTML(elem_id="losses")
            with gr.Column():
                gr.Markdown("**Blocks.** Each block's output against the teacher's.")
                blocks = gr.HTML(elem_id="block-curves")
        frozen = gr.HTML(elem_id="frozen")
        previews = gr.HTML(elem_id="previews")
        rates = "Learning rate, and what each timestep counts"
        with gr.Accordion(rates, open=False), gr.Row():
            rate = gr.HTML(elem_id="rate")
            influence = gr.HTML(elem_id="influence")
        build_ablation(context, shared)
        seen = gr.Textbox(visible="hidden")  # run and number of points on the page
        controls = [kind, lit, smoothing, logarithmic]
        outputs = [head, losses, blocks, frozen, previews, rate, influence, lit, seen]

        def shown(run_id: str | None) -> Run | None:
            """The run that is worked, once it trains; else the one that is chosen."""
            runs = context.store.runs.list(QUANTIZE)
            learned = context.stages.learned
            active = [r for r in runs if r.state in ACTIVE and r.stage in learned]
            return active[0] if active else context.finished_run(run_id)

        @reads
        def draw(
            run_id: str | None, kind: str, lit: list[str] | None, smooth: float, log: bool
        ) -> list[Any]:
            run = shown(run_id)
            points = context.store.records.count(run.id, "Scalar") if run else 0
            past = history(context.store.records.events(run.id)) if run else History()
            mark = _mark(run, points) if run else ""
            stages = stage_bar(run, past.stages, context.stages) if run else ""
            if run is None or not past.curves.get("loss"):
                # A training that has just begun, or was finished so early, has no point yet.
                model = run.quantized_model if run else None
                trained = (run and run.state in ACTIVE) or (model and model.training)
                told = _head(run) if run and trained else _EMPTY
                return [told + stages, *[""] * 6, gr.Dropdown(choices=[], value=[]), mark]
            chosen = [b for b in lit or [] if b in past.blocks] or worst_blocks(past)
            return [
                _head(run) + stages,
                loss_chart(past, smooth, log),
                block_chart(past, kind, chosen, smooth, log),
                frozen_list(past),
                preview_strip(past, context.address),
                rate_chart(past),
                influence_chart(past),
                gr.Dropdown(choices=past.blocks, value=chosen),
                mark,
            ]

        @reads
        def follow(run_id: str | None, mark: str | None, *values: Any) -> list[Any]:
            """Redraws only when the shown training has new points."""
            run = shown(run_id)
            if run is None or mark == _mark(run, context.store.records.count(run.id, "Scalar")):
                return [gr.skip()] * len(outputs)
            return draw(run_id, *values)

        inputs = [shared.run, *controls]
        changed = [kind.change, lit.input, smoothing.release, logarithmic.change]
        gr.on([shared.run.change, *changed], draw, inputs, outputs, **QUIET)
        shared.token.change(follow, [shared.run, seen, *controls], outputs, **QUIET)


def _mark(run: Run, points: int) -> str:
    """What the page shows: redrawn when a point or the end came."""
    return f"{run.id}:{run.state in ACTIVE}:{points}"


def _head(run: Run) -> str:
    """Which training this is and how far."""
    if run.state in ACTIVE:
        told = [", " + part for part in (run.place, time_left(run)) if part]
        return html(
            '<p class="sdq-about"><b>Live:</b> {run_name}{told}</p>',
            run_name=run_name(run),
            told="".join(told),
        )
    model = run.quantized_model
    if model is None or model.training is None:
        return html('<p class="sdq-about">{run_name}</p>', run_name=run_name(run))
    facts, stopped = model.training, model.stopped_at
    early = f" (finished early, of {stopped.of})" if stopped else ""
    return html(
        '<p class="sdq-about">{run_name}: {steps} steps{early} of {batch} samples in '
        "{duration} ({samples_per_second:.0f} samples/s, measured), {frozen} of "
        "{blocks} blocks frozen</p>",
        run_name=run_name(run),
        steps=facts.steps,
        early=early,
        batch=facts.batch,
        duration=duration(facts.seconds),
        samples_per_second=facts.samples_per_second,
        frozen=len(facts.frozen),
        blocks=facts.blocks,
    )


TAB = TrainingTab()
