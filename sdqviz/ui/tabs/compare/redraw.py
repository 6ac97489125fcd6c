"""Buttons that draw the shown scene once more: with only a part of the network quantized, by the
reference engine, or with another quantized folder.
"""

from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import (
    ACTIVATIONS,
    COMPARE,
    GENERATE,
    REFERENCE,
    WEIGHTS,
    compare_request,
    generate_request,
)
from sdqviz.base.scene import Scene
from sdqviz.results.engine import WEIGHT_ONLY
from sdqviz.store.runs import Run
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.contract import TOLD, Shared

_DRAWING = "Drawing; it then takes the place of picture B."


def build_redraw(
    context: AppContext, shared: Shared, scene: gr.Dropdown, layer: gr.Dropdown
) -> gr.Textbox:
    """Adds the buttons; returns the hidden box with the id of the run that draws the part."""
    gr.Markdown(
        "Draw this scene again with only one part quantized, or all of it by the reference engine "
        "(the same picture, if the fast one is exact):"
    )
    with gr.Row():
        weights = gr.Button("Weights", size="sm", elem_id="only-weights", min_width=110)
        activations = gr.Button("Activations", size="sm", elem_id="only-activations", min_width=110)
        single = gr.Button("The chosen layer", size="sm", elem_id="single-layer", min_width=110)
        reference = gr.Button(
            "Reference engine", size="sm", elem_id="reference-engine", min_width=110
        )
    with gr.Accordion("Another quantized folder", open=False, elem_id="other-folder"), gr.Row():
        path = gr.Textbox(
            label="Folder of a quantized model",
            info="Made by sdqviz, here or elsewhere, from the same FP model.",
            placeholder="path/to/model-w4a8",
            max_lines=1,
            scale=3,
        )
        folder = gr.Button("Draw this scene with it", size="sm", min_width=130)
    asked = gr.Textbox(visible="hidden")

    def shown(run_id: str | None, label: str | None) -> tuple[Run, Scene]:
        run = context.finished_run(run_id)
        if run is None:
            raise SdqvizError("there is no finished run", "quantize a model first")
        row = context.scenes(run).get(label or "")
        if row is None:
            raise SdqvizError("no scene is chosen", "choose one above")
        return run, row.scene

    def submit_folder(run_id: str | None, label: str | None, path: str | None) -> str:
        try:
            run, scene = shown(run_id, label)
            if not path or not path.strip():
                raise SdqvizError("no folder is named", "type the path of a quantized model")
            # An older run has not all of them.
            own = {**run.spec["config"], **run.spec}
            names = ("model_config", "device", "dtype", "lpips_net")
            kept = {name: own[name] for name in names if name in own}
            request = compare_request(run.spec["model"], path.strip(), [scene], **kept)
            wanted = context.submit(COMPARE, request)
        except SdqvizError as error:
            raise as_toast(error) from error
        gr.Info(_DRAWING, duration=4)
        return wanted

    def submit_reference(run_id: str | None, label: str | None) -> str:
        try:
            run, scene = shown(run_id, label)
            engines = run.quantized.engine.layers
            if not run.spec["config"]["activation_bits"]:
                raise SdqvizError(
                    "this run's activations are floating point, so no engine computes its layers",
                    "choose a run with quantized activations",
                )
            if set(engines) <= {REFERENCE, WEIGHT_ONLY}:
                raise SdqvizError(
                    "the reference engine drew this run's own picture", "compare it with FP"
                )
            request = generate_request(run.id, scene, engine=REFERENCE)
            wanted = context.submit(GENERATE, request)
        except SdqvizError as error:
            raise as_toast(error) from error
        gr.Info(_DRAWING, duration=4)
        return wanted

    def submit(run_id: str | None, label: str | None, part: str | None) -> str:
        try:
            run, scene = shown(run_id, label)
            if not part:
                raise SdqvizError("no layer is chosen", "choose one in the histogram")
            if part in (WEIGHTS, ACTIVATIONS) and not run.spec["config"]["activation_bits"]:
                raise SdqvizError(
                    "this run's activations are floating point, only its weights are quantized",
                    "its own picture already is that of the weights alone",
                )
            wanted = context.submit(GENERATE, generate_request(run.id, scene, only=part))
        except SdqvizError as error:
            raise as_toast(error) from error
        gr.Info(_DRAWING, duration=4)
        return wanted

    def submit_asked(run_id: str | None, label: str | None, part: str) -> list[Any]:
        """The layer that another tab asked for; the request is cleared, so that the same one can
        be made again.
        """
        if not part:
            return [gr.skip()] * 2
        try:
            return [submit(run_id, label, part), ""]
        except gr.Error as error:
            gr.Warning(str(error.message), duration=None)
            return [gr.skip(), ""]

    single.click(submit, [shared.run, scene, layer], asked, **TOLD)
    for button, part in ((weights, WEIGHTS), (activations, ACTIVATIONS)):
        state = gr.State(part)
        button.click(submit, [shared.run, scene, state], asked, **TOLD)
    reference.click(submit_reference, [shared.run, scene], asked, **TOLD)
    wanted = [shared.run, scene, shared.part]
    shared.part.change(submit_asked, wanted, [asked, shared.part], **TOLD)
    gr.on([folder.click, path.submit], submit_folder, [shared.run, scene, path], asked, **TOLD)
    return asked
