"""The plan: how each layer is quantized, or why it is not, and what it costs."""

from typing import Any

import gradio as gr

from sdqviz.ui.component import NOTHING, component
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.export_button import build_export_button
from sdqviz.ui.reads import reads
from sdqviz.ui.told import told
from sdqviz.views.layers.document import layers_document
from sdqviz.views.layers.model_explorer import export_model_explorer
from sdqviz.views.training.history import history


class LayersTab:
    name, label, order = "layers", "Layers", 3

    def build(self, context: AppContext, shared: Shared) -> None:
        gr.Markdown(
            "**The plan.** Every linear and convolution of the denoising network, its weights (W) "
            "and input activations (A). Click one to see all that is known of it."
        )
        events = ("choose", "open", "draw")
        layers = component("layers", "layers", events=events, waits=context.has_run)
        build_export_button(
            context, shared, "Model Explorer files", "model-explorer", export_model_explorer
        )

        @reads
        def fill(run_id: str | None) -> str:
            run = context.finished_run(run_id)
            if run is None:
                return NOTHING
            past = history(context.store.records.events(run.id))
            return layers_document(run, context.store.blobs, past)

        def chosen(event: gr.EventData) -> str:
            return told(event, "layer", str)

        def open_layer(event: gr.EventData) -> list[Any]:
            return [chosen(event), gr.Tabs(selected="compare")]

        shared.run.change(fill, shared.run, layers, **QUIET)
        layers.choose(chosen, None, shared.layer, **QUIET)
        layers.open(open_layer, None, [shared.layer, shared.tabs], **QUIET)
        layers.draw(open_layer, None, [shared.part, shared.tabs], **QUIET)


TAB = LayersTab()
