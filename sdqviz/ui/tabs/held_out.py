"""The verdict over all held-out scenes: median scores and errors, and every pair."""

from typing import Any

import gradio as gr

from sdqviz.ui.component import NOTHING, component
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.ui.told import told
from sdqviz.views.charts.scores import score_chips
from sdqviz.views.charts.steps import step_errors
from sdqviz.views.compare.gallery import gallery_document


class HeldOutTab:
    name, label, order = "held-out", "Held-out scenes", 2

    def build(self, context: AppContext, shared: Shared) -> None:
        gr.Markdown(
            "**Medians over scenes that calibration never saw.** Each bar runs from the noise "
            "floor (what bfloat16 changes in the FP model) to another seed of the same prompt."
        )
        chips = gr.HTML(elem_id="median-chips")
        gallery = component("gallery", "gallery", events=("open",), waits=context.has_run)
        curve = gr.HTML(elem_id="median-errors")

        @reads
        def fill(run_id: str | None) -> list[Any]:
            run = context.finished_run(run_id)
            if run is None:
                return ["", NOTHING, ""]
            result, steps = run.quantized, run.quantized.per_step
            return [
                score_chips(result.metrics),
                gallery_document(run, context.address),
                step_errors(steps.replay, steps.free_run, result.timesteps),
            ]

        def open_scene(event: gr.EventData) -> list[Any]:
            return [told(event, "scene", str), gr.Tabs(selected="compare")]

        shared.run.change(fill, shared.run, [chips, gallery, curve], **QUIET)
        gallery.open(open_scene, None, [shared.scene, shared.tabs], **QUIET)


TAB = HeldOutTab()
