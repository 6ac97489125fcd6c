"""The plan: how each layer is quantized, or why it is not."""

from typing import Any

import gradio as gr

from sdqviz.ui.context import AppContext
from sdqviz.ui.tabs.contract import Shared
from sdqviz.views.steps import LAYER_COLUMNS, layer_table


class LayersTab:
    name, label, order = "layers", "Layers", 2

    def build(self, context: AppContext, shared: Shared) -> None:
        gr.Markdown(
            "**The plan.** Every linear and convolution of the denoising network: bits of its "
            "weights (W) and input activations (A), inputs that share a multiplier, number of "
            "activation ranges, what its input channels are divided by before they are rounded."
        )
        table = gr.Dataframe(
            headers=list(LAYER_COLUMNS),
            column_widths=list(LAYER_COLUMNS.values()),
            interactive=False,
            wrap=True,
            show_search="filter",
            max_height=560,
            elem_id="layers",
        )

        def fill(run_id: str | None) -> Any:
            run = context.finished_run(run_id)
            return layer_table(run.result["layers"]) if run and run.result else []

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        shared.run.change(fill, shared.run, table, **quiet)


TAB = LayersTab()
