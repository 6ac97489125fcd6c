"""Buttons that draw the shown scene with only a part of the network quantized."""

from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import ACTIVATIONS, GENERATE, WEIGHTS, generate_request
from sdqviz.base.scene import Scene
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.tabs.contract import Shared
from sdqviz.views.runs import scenes_of


def build_parts(
    context: AppContext, shared: Shared, scene: gr.Dropdown, layer: gr.Dropdown
) -> gr.Textbox:
    """Adds the buttons; returns the hidden box with the id of the run that draws the part."""
    gr.Markdown("**Where does it come from?** Draw this scene again with only one part quantized:")
    with gr.Row():
        weights = gr.Button("Weights (A16)", size="sm", elem_id="only-weights", min_width=110)
        activations = gr.Button(
            "Activations (W16)", size="sm", elem_id="only-activations", min_width=110
        )
        single = gr.Button("The layer above", size="sm", elem_id="single-layer", min_width=110)
    asked = gr.Textbox(visible="hidden")

    def submit(run_id: str | None, label: str | None, part: str | None) -> str:
        run = context.finished_run(run_id)
        try:
            if run is None:
                raise SdqvizError("there is no finished run", "quantize a model first")
            row = scenes_of(run, context.store.runs.list()).get(label or "")
            if row is None or not part:
                raise SdqvizError("no scene or no layer is chosen", "choose both above")
            request = generate_request(run.id, Scene.from_dict(row["scene"]), only=part)
            wanted = context.submit(GENERATE, request)
        except SdqvizError as error:
            raise as_toast(error) from error
        gr.Info("Drawing; it then takes the place of picture B.", duration=4)
        return wanted

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    single.click(submit, [shared.run, scene, layer], asked, **quiet)
    for button, part in ((weights, WEIGHTS), (activations, ACTIVATIONS)):
        state = gr.State(part)
        button.click(submit, [shared.run, scene, state], asked, **quiet)
    return asked
