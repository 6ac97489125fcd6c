"""Activation histograms of one layer over the timesteps: a chooser and its picture."""

from typing import Any

import gradio as gr

from sdqviz.ui.context import AppContext
from sdqviz.ui.tabs.contract import Shared
from sdqviz.views.steps import layer_histogram, layer_names


def build_histogram(context: AppContext, shared: Shared) -> None:
    """Adds the chooser and the ridgeline, which follow the shown run."""
    layer = gr.Dropdown(
        label="Values entering one layer, at each timestep",
        choices=[],
        filterable=True,
        elem_id="layer",
    )
    histogram = gr.HTML(elem_id="histogram")

    def fill(run_id: str | None, shown: str | None) -> list[Any]:
        run = context.finished_run(run_id)
        if run is None or run.result is None:
            return [gr.Dropdown(choices=[], value=None), ""]
        names = layer_names(context.store.blobs, run.result["histograms"])
        chosen = shown if shown in names else _telling(names)
        return [gr.Dropdown(choices=names, value=chosen), draw(run_id, chosen)]

    def draw(run_id: str | None, name: str | None) -> str:
        run = context.finished_run(run_id)
        if run is None or run.result is None:
            return ""
        result = run.result
        if name not in {row["name"] for row in result["layers"]}:
            return ""
        return layer_histogram(context.store.blobs, result["histograms"], name, result["layers"])

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    shared.run.change(fill, [shared.run, layer], [layer, histogram], **quiet)
    layer.input(draw, [shared.run, layer], histogram, **quiet)


def _telling(names: list[str]) -> str | None:
    """A layer whose input moves a lot over time: the second convolution of the last block."""
    wanted = [name for name in names if name.startswith("up_blocks") and "conv2" in name]
    return wanted[-1] if wanted else names[0] if names else None
