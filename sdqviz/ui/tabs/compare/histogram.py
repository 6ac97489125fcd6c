"""Activation histograms of one layer over the timesteps: a chooser and its picture."""

from typing import Any

import gradio as gr

from sdqviz.ui.component import NOTHING, component
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.ui.told import told
from sdqviz.views.layers.errors import culprits_document
from sdqviz.views.layers.histogram import layer_histogram, layer_names, telling_layer
from sdqviz.views.runs.names import bits


def build_histogram(context: AppContext, shared: Shared) -> gr.Dropdown:
    """Adds the layers to look at, the chooser and the histogram, which all follow the shown run;
    returns the chooser.
    """
    culprits = component("culprits", "culprits", events=("open",), waits=False)
    layer = gr.Dropdown(
        label="Values entering one layer, at each timestep",
        choices=[],
        filterable=True,
        elem_id="layer",
    )
    histogram = component("histogram", "histogram", waits=context.has_run)

    @reads
    def fill(run_id: str | None, shown: str | None, wanted: str) -> list[Any]:
        run = context.finished_run(run_id)
        if run is None:
            return [gr.Dropdown(choices=[], value=None), NOTHING, NOTHING]
        names = layer_names(context.store.blobs, run.quantized.histograms)
        chosen = next((name for name in (shown, wanted) if name in names), telling_layer(names))
        worst = culprits_document(context.store.blobs, run.quantized, names)
        return [gr.Dropdown(choices=names, value=chosen), draw(run_id, chosen), worst]

    @reads
    def draw(run_id: str | None, name: str | None) -> str:
        run = context.finished_run(run_id)
        if run is None or name not in {row.name for row in run.quantized.layers}:
            return NOTHING
        return layer_histogram(context.store.blobs, run.quantized, name or "", bits(run))

    @reads
    def open_layer(run_id: str | None, wanted: str) -> list[Any]:
        """The layer that an address or another tab asked for, with the choices it is one of: the
        address comes before `fill` has set them.
        """
        run = context.finished_run(run_id)
        if run is None:
            return [gr.skip()] * 3
        names = layer_names(context.store.blobs, run.quantized.histograms)
        if wanted not in names:
            return [gr.skip()] * 3
        return [gr.Dropdown(choices=names, value=wanted), draw(run_id, wanted), ""]

    def named(event: gr.EventData) -> str:
        return told(event, "layer", str)

    filled = [shared.run, layer, shared.layer]
    shared.run.change(fill, filled, [layer, histogram, culprits], **QUIET)
    shown = [layer, histogram, shared.layer]
    shared.layer.change(open_layer, [shared.run, shared.layer], shown, **QUIET)
    culprits.open(named, None, shared.layer, **QUIET)
    layer.input(draw, [shared.run, layer], histogram, **QUIET)
    return layer
