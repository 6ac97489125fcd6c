"""A button that draws the shown scene with only the chosen layer quantized."""

from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import GENERATE, generate_request
from sdqviz.base.scene import Scene
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.tabs.contract import Shared
from sdqviz.views.runs import scenes_of


def build_single_layer(
    context: AppContext, shared: Shared, scene: gr.Dropdown, layer: gr.Dropdown
) -> gr.Textbox:
    """Adds the button; returns the hidden box with the id of the run that draws it."""
    draw = gr.Button("Draw with only this layer quantized", size="sm", elem_id="single-layer")
    asked = gr.Textbox(visible="hidden")

    def submit(run_id: str | None, label: str | None, name: str | None) -> str:
        run = context.finished_run(run_id)
        try:
            if run is None:
                raise SdqvizError("there is no finished run", "quantize a model first")
            row = scenes_of(run, context.store.runs.list()).get(label or "")
            if row is None or not name:
                raise SdqvizError("no scene or no layer is chosen", "choose both above")
            request = generate_request(run.id, Scene.from_dict(row["scene"]), only=name)
            wanted = context.submit(GENERATE, request)
        except SdqvizError as error:
            raise as_toast(error) from error
        gr.Info("Drawing; it then takes the place of picture B.", duration=4)
        return wanted

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    draw.click(submit, [shared.run, scene, layer], asked, **quiet)
    return asked
