"""The form of a scene of one's own: prompt, seed, steps, sampler, size."""

from typing import Any

import gradio as gr
from PIL import Image

from sdqviz.base.config import from_dict
from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import GENERATE, generate_request
from sdqviz.base.scene import MAX_SEED, Scene
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.contract import QUIET, TOLD, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.compare.scene_form import has_shift, parse_size, size_choices

STEPS, GUIDANCE = 100, 15  # where the sliders end, unless the shown run goes beyond


def build_scene_form(
    context: AppContext, shared: Shared, prompt: gr.Textbox, draw: gr.Button
) -> gr.Textbox:
    """Adds the settings below `prompt` and `draw`; returns the hidden box with the id of the run
    that this visitor waits for.
    """
    with gr.Accordion("Seed, steps, sampler, size, examples", open=False):
        with gr.Row():
            seed = gr.Number(label="Seed", value=0, precision=0, minimum=0, maximum=MAX_SEED)
            steps = gr.Slider(label="Steps", minimum=1, maximum=STEPS, value=25, step=1)
            guidance = gr.Slider(label="Guidance", minimum=1, maximum=GUIDANCE, value=2, step=0.5)
        with gr.Row():
            scheduler = gr.Dropdown(label="Sampler", choices=[], elem_id="sampler")
            size = gr.Dropdown(label="Size in pixels", choices=[], elem_id="size")
            shift = gr.Slider(
                label="Shift (0: the model's own)",
                info="More shift spends more steps at high noise.",
                minimum=0,
                maximum=12,
                value=0,
                step=0.5,
                visible=False,
                elem_id="shift",
            )
        negative = gr.Textbox(label="Negative prompt", max_lines=2)
        texts = _examples(context)
        examples = gr.Dataset(
            components=[prompt],
            samples=[[text] for text in texts],
            label="Try",
            type="values",
        )
    mine = gr.Textbox(visible="hidden")
    settings: dict[str, Any] = {
        "steps": steps,
        "guidance": guidance,
        "scheduler": scheduler,
        "size": size,
        "shift": shift,
    }

    @reads
    def usual(run_id: str | None) -> list[Any]:
        """The shown run's own settings, and what else its family offers."""
        run = context.finished_run(run_id)
        if run is None:
            return [gr.skip()] * 5
        row = run.quantized.scenes[0]
        own, family = row.scene, context.catalog()["families"][run.quantized.family]
        with Image.open(context.store.blobs.path(row.pictures.fp)) as picture:
            sizes = size_choices(family, *picture.size, chosen=bool(own.width or own.height))
        # A table with the sampler's own rows draws with no other number of steps.
        rows = run.spec["config"]["time_rows"]
        fixed = rows == "sampler" and run.quantized.size.has_time_table
        why = "This run's time table has the rows of these steps only." if fixed else ""
        return [
            gr.Slider(
                value=own.steps, maximum=max(STEPS, own.steps), interactive=not fixed, info=why
            ),
            gr.Slider(value=own.guidance, maximum=max(GUIDANCE, own.guidance)),
            gr.Dropdown(choices=list(family["samplers"]), value=own.scheduler),
            gr.Dropdown(choices=sizes, value=sizes[0][1]),
            gr.Slider(value=0, visible=has_shift(family)),
        ]

    def generate(run_id: str | None, *values: Any) -> str:
        names = ("prompt", "seed", "negative_prompt", *settings)
        run = context.finished_run(run_id)
        try:
            if run is None:
                raise SdqvizError("there is no finished run", "quantize a model first")
            given = dict(zip(names, values, strict=True))
            # An untouched text field of the form is None, not empty.
            given["prompt"] = given["prompt"] or ""
            given["negative_prompt"] = given["negative_prompt"] or ""
            if given["seed"] is None:
                raise SdqvizError("the seed is empty", f"give 0 to {MAX_SEED}")
            given["width"], given["height"] = parse_size(given.pop("size"))
            request = generate_request(run.id, from_dict(Scene, given))
            asked = context.submit(GENERATE, request)
        except SdqvizError as error:
            raise as_toast(error) from error
        gr.Info("Drawing with both models; the pair appears here.", duration=4)
        return asked

    shared.run.change(usual, shared.run, list(settings.values()), **QUIET)
    inputs = [shared.run, prompt, seed, negative, *settings.values()]
    gr.on([draw.click, prompt.submit], generate, inputs, mine, **TOLD)

    def choose(number: int | None) -> Any:
        there = number is not None and 0 <= number < len(texts)
        return texts[number] if there else gr.skip()

    examples.click(choose, examples, prompt, **QUIET)
    return mine


def _examples(context: AppContext) -> list[str]:
    models = context.catalog()["models"]
    return models[0]["examples"][:6] if models else []
