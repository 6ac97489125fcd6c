"""The same scene under both models, with its scores and its errors over the steps."""

from html import escape
from typing import Any

import gradio as gr
from PIL import Image

from sdqviz.base.config import from_dict
from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import GENERATE, generate_request
from sdqviz.base.scene import MAX_SEED, Scene
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.histogram import build_histogram
from sdqviz.ui.tabs.contract import Shared
from sdqviz.views.runs import UNFINISHED, facts, is_own, scenes_of
from sdqviz.views.scene_form import OWN_SIZE, has_shift, parse_size, size_choices
from sdqviz.views.scores import score_chips
from sdqviz.views.steps import step_errors

_EMPTY = (
    '<p class="sdq-empty">No finished run yet. Choose a model at the left and press Quantize.</p>'
)


class CompareTab:
    name, label, order = "compare", "Compare", 0

    def build(self, context: AppContext, shared: Shared) -> None:
        with gr.Row(equal_height=True):
            scene = gr.Dropdown(
                label="Scene", choices=[], elem_id="scene", filterable=True, scale=3, min_width=280
            )
            prompt = gr.Textbox(
                label="Or your own prompt",
                placeholder="a large rocket on a blue background",
                scale=3,
                min_width=280,
                max_lines=1,
                elem_id="prompt",
            )
            draw = gr.Button("Generate", variant="primary", elem_id="generate", min_width=120)
        with gr.Accordion("Seed, steps, sampler, size, examples", open=False):
            with gr.Row():
                seed = gr.Number(label="Seed", value=0, precision=0, minimum=0, maximum=MAX_SEED)
                steps = gr.Slider(label="Steps", minimum=1, maximum=100, value=25, step=1)
                guidance = gr.Slider(label="Guidance", minimum=1, maximum=15, value=2, step=0.5)
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
            examples = gr.Dataset(
                components=[prompt],
                samples=[[text] for text in _examples(context)],
                label="Try",
                type="values",
            )
        with gr.Row(elem_classes="sdq-pictures"):
            pictures = [
                gr.Image(
                    label=label,
                    format="png",
                    type="filepath",
                    interactive=False,
                    buttons=["download", "fullscreen"],
                    elem_id=f"picture-{who}",
                    elem_classes="sdq-picture",
                )
                for who, label in (
                    ("fp", "FP"),
                    ("student", "W4A8"),
                    ("flip", "FLIP map"),
                )
            ]
        about = gr.HTML(elem_id="about")
        chips = gr.HTML(elem_id="chips")
        with gr.Row():
            with gr.Column():
                gr.Markdown(
                    "**Where does the error arise?** Replay feeds both models the FP model's own "
                    "latents; in the free run each steers itself."
                )
                curve = gr.HTML(elem_id="errors")
            with gr.Column():
                build_histogram(context, shared)
        run_facts = gr.HTML(elem_id="facts")
        mine = gr.Textbox(visible="hidden")  # the run this visitor waits for

        def scenes(run_id: str | None) -> dict[str, dict[str, Any]]:
            run = context.finished_run(run_id)
            return {} if run is None else scenes_of(run, context.store.runs.list())

        def list_scenes(run_id: str | None, shown: str | None, mine: str) -> list[Any]:
            """The scenes, and the one that this visitor asked for once it is drawn."""
            found = scenes(run_id)
            labels = list(found)
            chosen = shown if shown in labels else (labels[0] if labels else None)
            asked = context.store.runs.get(mine) if mine else None
            if asked is None or asked.state in UNFINISHED:
                # `mine` is left alone: by now *Generate* may have set it to another run.
                return [gr.Dropdown(choices=labels, value=chosen), gr.skip()]
            if asked.result is not None:
                drawn = asked.result["scenes"][0]["id"]
                own = [k for k in labels if found[k]["id"] == drawn and is_own(k)]
                chosen = own[0] if own else chosen
            return [gr.Dropdown(choices=labels, value=chosen), ""]

        def show(run_id: str | None, label: str | None) -> list[Any]:
            run = context.finished_run(run_id)
            row = scenes(run_id).get(label or "")
            if run is None or row is None or run.result is None:
                return [None, None, None, _EMPTY, "", "", ""]
            files = [
                str(context.store.blobs.path(row["images"][who]))
                for who in ("fp", "student", "flip")
            ]
            return [
                *files,
                _about(row),
                score_chips(run.result["metrics"], row),
                step_errors(row["replay"], row["free_run"], row["timesteps"]),
                facts(run),
            ]

        def usual(run_id: str | None) -> list[Any]:
            """The shown run's own settings, and what else its family offers."""
            run = context.finished_run(run_id)
            if run is None or run.result is None:
                return [gr.skip()] * 5
            row = run.result["scenes"][0]
            own, family = row["scene"], context.catalog()["families"][run.result["family"]]
            with Image.open(context.store.blobs.path(row["images"]["fp"])) as picture:
                sizes = size_choices(family, *picture.size)
            return [
                own["steps"],
                own["guidance"],
                gr.Dropdown(choices=list(family["samplers"]), value=own["scheduler"]),
                gr.Dropdown(choices=sizes, value=OWN_SIZE),
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
                mine = context.submit(GENERATE, request)
            except SdqvizError as error:
                raise as_toast(error) from error
            gr.Info("Drawing with both models; the pair appears here.", duration=4)
            return mine

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        outputs = [*pictures, about, chips, curve, run_facts]
        gr.on(
            [shared.listing.change, shared.run.change],
            list_scenes,
            [shared.run, scene, mine],
            [scene, mine],
            **quiet,
        )
        gr.on([scene.change, shared.run.change], show, [shared.run, scene], outputs, **quiet)
        settings = {
            "steps": steps,
            "guidance": guidance,
            "scheduler": scheduler,
            "size": size,
            "shift": shift,
        }
        shared.run.change(usual, shared.run, list(settings.values()), **quiet)
        inputs = [shared.run, prompt, seed, negative, *settings.values()]
        gr.on([draw.click, prompt.submit], generate, inputs, mine, **quiet)
        examples.click(lambda sample: sample[0], examples, prompt, **quiet)


def _about(row: dict[str, Any]) -> str:
    scene = row["scene"]
    words = (
        f"{escape(row['prompt'])} · seed {row['seed']} · {scene['steps']} steps · "
        f"guidance {scene['guidance']:g} · {scene['scheduler']} · same initial noise for both · "
        f"largest pixel difference {row['max_difference']} of 255"
    )
    notes = []
    if row["truncated"]:
        notes.append(f"Only 77 tokens are read; cut: {escape(row['truncated'])}")
    if row["uncalibrated_calls"]:
        notes.append(
            f"{row['uncalibrated_calls']} calls were at timesteps without their own activation "
            "range; they used the nearest calibrated one."
        )
    return f'<p class="sdq-about">{words}</p>' + "".join(
        f'<p class="sdq-note">{note}</p>' for note in notes
    )


def _examples(context: AppContext) -> list[str]:
    models = context.catalog()["models"]
    return models[0]["examples"][:6] if models else []


TAB = CompareTab()
