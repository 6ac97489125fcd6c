"""The form of a scene of one's own: prompt, seed, steps, sampler, size."""

from typing import Any

import gradio as gr
from PIL import Image

from sdqviz.base.config import from_dict
from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import GENERATE, generate_request
from sdqviz.base.scene import MAX_SEED, OWN, SPACINGS, Scene
from sdqviz.store.demo import OWN_MACHINE
from sdqviz.store.limit_error import LimitError
from sdqviz.store.runs import Run
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.contract import QUIET, TOLD, Shared
from sdqviz.ui.limit_line import limit_line
from sdqviz.ui.opening import Query
from sdqviz.ui.reads import reads
from sdqviz.views.compare.scene_form import has_shift, parse_size, size_choices
from sdqviz.views.markup import html

_SHOWS_ONLY = f"This demo shows runs. To draw scenes of your own, {OWN_MACHINE}."
STEPS, GUIDANCE = 100, 15  # where the sliders end, unless the shown run goes beyond
# Folded by the style sheet; without a word to the server.
_UNFOLD = """() => {
  const open = document.querySelector('#scene-settings').classList.toggle('sdq-open');
  document.querySelector('#more').ariaExpanded = String(open);
}"""


def build_scene_form(
    context: AppContext, shared: Shared, prompt: gr.Textbox, draw: gr.Button
) -> gr.Textbox:
    """Adds the settings below `prompt` and `draw`; returns the hidden box with the id of the run
    that this visitor waits for.
    """
    with gr.Row(elem_id="examples-row"):
        examples = gr.Dataset(
            components=[prompt],
            samples=[[text] for text in _examples(context, context.finished_run(None))],
            label="Try",
            type="values",
            elem_id="examples",
        )
        more = gr.Button("Settings", size="sm", scale=0, min_width=84, elem_id="more")
    with gr.Column(elem_id="scene-settings"):
        with gr.Row():
            seed = gr.Number(label="Seed", value=0, precision=0, minimum=0, maximum=MAX_SEED)
            steps = gr.Slider(label="Steps", minimum=1, maximum=STEPS, value=25, step=1)
            guidance = gr.Slider(label="Guidance", minimum=1, maximum=GUIDANCE, value=2, step=0.5)
        with gr.Row():
            scheduler = gr.Dropdown(label="Sampler", choices=[], elem_id="sampler")
            spacing = gr.Dropdown(
                label="Spacing", choices=list(SPACINGS), value=OWN, elem_id="spacing"
            )
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
    more.click(None, js=_UNFOLD)
    mine = gr.Textbox(visible="hidden")
    limit = gr.HTML(elem_id="limit")  # why a scene was not drawn, above the pictures
    settings: dict[str, Any] = {
        "steps": steps,
        "guidance": guidance,
        "scheduler": scheduler,
        "spacing": spacing,
        "size": size,
        "shift": shift,
    }

    @reads
    def usual(run_id: str | None, asked: str | None) -> list[Any]:
        """The shown run's own settings and examples, and what else its family offers. A prompt of
        the visitor's own is left alone.
        """
        run = context.finished_run(run_id)
        if run is None:
            return [gr.skip()] * 8
        texts = _examples(context, run)
        own_words = bool(asked) and asked not in known_examples(context)
        prompted = gr.skip() if own_words or asked in texts else texts[0]
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
            gr.Dropdown(value=own.spacing),
            gr.Dropdown(choices=sizes, value=sizes[0][1]),
            gr.Slider(value=0, visible=has_shift(family)),
            prompted,
            gr.Dataset(samples=[[text] for text in texts]),
        ]

    def generate(run_id: str | None, *values: Any) -> list[Any]:
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
        except LimitError as error:
            return [gr.skip(), limit_line(error)]
        except SdqvizError as error:
            raise as_toast(error) from error
        gr.Info("Drawing with both models; the pair appears here.", duration=4)
        return [asked, ""]

    filled = [*settings.values(), prompt, examples]
    shared.run.change(usual, [shared.run, prompt], filled, **QUIET)
    inputs = [shared.run, prompt, seed, negative, *settings.values()]
    gr.on([draw.click, prompt.submit], generate, inputs, [mine, limit], **TOLD)

    def opened(query: Query) -> list[Any]:
        """A demo that draws nothing says so before anything is typed."""
        may = context.may_draw
        told = "" if may else html('<p class="sdq-limit">{}</p>', _SHOWS_ONLY)
        return [gr.Button(interactive=may), told]

    if context.demo is not None:
        shared.opening.add(opened, [draw, limit])

    @reads
    def choose(run_id: str | None, number: int | None) -> Any:
        texts = _examples(context, context.finished_run(run_id))
        there = number is not None and 0 <= number < len(texts)
        return texts[number] if there else gr.skip()

    examples.click(choose, [shared.run, examples], prompt, **QUIET)
    return mine


def first_example(context: AppContext) -> str:
    """What the prompt is filled with, so that *Generate* works at once."""
    return _examples(context, context.finished_run(None))[0]


def known_examples(context: AppContext) -> set[str]:
    """The examples of every model."""
    catalog = context.catalog()
    every = (*(model["examples"] for model in catalog["models"]), catalog["examples"])
    return {text for texts in every for text in texts}


def _examples(context: AppContext, run: Run | None) -> list[str]:
    """Those of the shown run's model."""
    catalog = context.catalog()
    by_name = {model["name"]: model["examples"] for model in catalog["models"]}
    return by_name.get(run.spec["model"] if run else "", catalog["examples"])
