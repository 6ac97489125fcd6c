"""On one's own machine: LPIPS with its backbone, fetched when asked, for the shown run."""

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import SCORE, score_request
from sdqviz.metrics.lpips import BACKBONES, DEFAULT_NET
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.contract import QUIET, TOLD, Shared
from sdqviz.ui.reads import reads


def build_score_button(context: AppContext, shared: Shared) -> None:
    """Adds the choice and the button, which a run that has its LPIPS does not show."""
    if not context.own_machine:
        return
    with gr.Row(visible=False, elem_id="score-lpips") as row:
        net = gr.Dropdown(
            label="LPIPS backbone",
            info="Of torchvision; the field reports alex. Numbers of two do not compare.",
            choices=[(f"{name}, {size}", name) for name, (_, _, size) in BACKBONES.items()],
            value=DEFAULT_NET,
            scale=2,
        )
        fetch = gr.Button(_words(DEFAULT_NET), size="sm", min_width=180, elem_id="fetch-lpips")

    @reads
    def offer(run_id: str | None) -> gr.Row:
        run = context.finished_run(run_id)
        lacks = run is not None and "lpips" not in run.quantized.measured
        return gr.Row(visible=lacks)

    def submit(run_id: str | None, net: str) -> None:
        run = context.finished_run(run_id)
        try:
            if run is None:
                raise SdqvizError("there is no finished run", "quantize a model first")
            context.submit(SCORE, score_request(run.id, net))
        except SdqvizError as error:
            raise as_toast(error) from error
        gr.Info("Fetching, then scoring: the sidebar tells of the job.", duration=4)

    net.change(lambda name: gr.Button(_words(name)), net, fetch, **QUIET)
    gr.on([shared.run.change, shared.listing.change], offer, shared.run, row, **QUIET)
    fetch.click(submit, [shared.run, net], None, **{**TOLD, "show_progress": "full"})


def _words(net: str) -> str:
    return f"Fetch {BACKBONES[net][2]} and score this run by LPIPS"
