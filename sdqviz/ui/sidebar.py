"""The left side: which run is shown, the quantize form, and the job in progress."""

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import DEFAULT_RECIPE, DTYPES, QUANTIZE
from sdqviz.store.runs import ACTIVE, NEWER, QUEUED, RESUMABLE, RUNNING, TRAINING
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.contract import KEEP_RUN_IN_ADDRESS, Shared
from sdqviz.ui.request_form import RecipeForm, RequestForm
from sdqviz.views.runs.card import run_card
from sdqviz.views.runs.listing import finished, latest
from sdqviz.views.runs.names import run_name

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_LOG_LINES = 40
_PRESET = "quick"


def build_sidebar(context: AppContext, tabs: gr.Tabs) -> Shared:
    """Builds the sidebar and returns what the tabs listen to."""
    catalog = context.catalog()
    models = _models(catalog)
    recipes = catalog["recipes"]
    first = next((r for r in recipes if r["name"] == DEFAULT_RECIPE), recipes[0])
    gr.Markdown("### sdqviz")
    run = gr.Dropdown(label="Shown run", choices=[], elem_id="run")
    with gr.Group():
        model = gr.Dropdown(
            label="Model",
            info="A mini, a local folder, or a hub id that was fetched.",
            choices=models,
            value=models[0][1] if models else None,
            allow_custom_value=True,
            elem_id="model",
        )
        recipe = gr.Dropdown(
            label="Method",
            info=first["summary"],
            elem_id="method",
            choices=[(entry["label"], entry["name"]) for entry in recipes],
            value=first["name"],
        )
        preset = gr.Radio(
            label="Preset", choices=list(first["presets"]), value=_PRESET, elem_id="preset"
        )
        with gr.Accordion("Settings", open=False) as settings:
            with gr.Group():
                device = gr.Dropdown(
                    label="Device",
                    info="Where both models compute.",
                    elem_id="device",
                    **_devices(catalog),
                )
                dtype = gr.Dropdown(
                    label="Precision of the FP model",
                    info="Half precision takes half the memory.",
                    choices=list(DTYPES),
                    value=DTYPES[0],
                    elem_id="dtype",
                )
            gr.Markdown("The preset's values, until you change them.")
            forms = {r["name"]: RecipeForm(r, r is first, _PRESET) for r in recipes}
        start = gr.Button("Quantize", variant="primary", elem_id="quantize")
    form = RequestForm(model, recipe, preset, device, dtype, settings, forms)
    card = gr.HTML(elem_id="job")
    with gr.Row():
        cancel = gr.Button("Cancel", visible=False, size="sm", elem_id="cancel")
        resume = gr.Button("Resume", visible=False, size="sm", elem_id="resume")
        finish = gr.Button("Finish training now", visible=False, size="sm", elem_id="finish")
    job = gr.Textbox(visible="hidden", elem_id="job-id")
    token = gr.Textbox(visible="hidden", elem_id="token")
    listing = gr.Textbox(visible="hidden", elem_id="listing")
    mine = gr.Textbox(visible="hidden")  # the run this visitor waits for
    scene = gr.Textbox(visible="hidden", elem_id="wanted-scene")
    layer = gr.Textbox(visible="hidden", elem_id="wanted-layer")
    part = gr.Textbox(visible="hidden")
    timer = gr.Timer(1.0)

    def quantize(*values: Any) -> str:
        try:
            spec = form.request(context.catalog(), *values)
            cost = context.estimate(spec)
            asked = context.submit(QUANTIZE, spec)
        except SdqvizError as error:
            raise as_toast(error) from error
        gr.Info(f"Queued. Estimated: {cost}. Close the tab if you like.", duration=6)
        return asked

    def tick(*shown: str) -> list[Any]:
        """Cheap when nothing changed: two queries, no update."""
        now = (context.store.runs.version(), context.store.runs.listing())
        return [gr.skip() if a == b else b for a, b in zip(shown, now, strict=True)]

    def show_job() -> list[Any]:
        runs = context.store.runs.list()
        current = latest(runs)
        waiting = sum(r.state == QUEUED for r in runs)
        if waiting:
            context.wake()  # a run that waits needs a worker, even after one crashed
        queued = waiting - bool(current and current.state == QUEUED)
        log = []
        if current is not None:
            events = context.store.records.events(current.id, "Log", _LOG_LINES)
            log = [event.message for event in events]  # type: ignore[union-attr]
        state = current.state if current else ""
        trains = current is not None and (state, current.stage) == (RUNNING, TRAINING)
        return [
            run_card(current, queued, log),
            gr.Button(visible=state in (*ACTIVE, QUEUED), interactive=state != "stopping"),
            gr.Button(visible=state in RESUMABLE),
            gr.Button(visible=trains),
            current.id if current else "",
        ]

    def list_runs(shown: str | None, asked: str) -> list[Any]:
        """The finished runs, and the one that this visitor asked for once it is done."""
        runs = finished(context.store.runs.list())
        choices = [(run_name(r), r.id) for r in runs]
        known = [r.id for r in runs]
        if asked in known:
            return [gr.Dropdown(choices=choices, value=asked), ""]
        if shown in known:  # left alone: meanwhile the visitor may have chosen another
            return [gr.Dropdown(choices=choices), gr.skip()]
        usual = context.finished_run(shown)
        value = usual.id if usual else None
        # `mine` is left alone: by now *Quantize* may have set it to another run.
        return [gr.Dropdown(choices=choices, value=value), gr.skip()]

    def opened(request: gr.Request) -> list[Any]:
        """The first picture of a page: what its address names, or the usual run."""
        runs = finished(context.store.runs.list())
        address = request.query_params
        wanted = address.get("run")
        shown = context.finished_run(wanted)
        if wanted and (shown is None or shown.id != wanted):
            newer = any(r.id == wanted and r.state == NEWER for r in context.store.runs.list())
            why = (
                f"Run {escape(wanted[:20])} was made by a newer sdqviz: update to see it."
                if newer
                else f"There is no finished run {escape(wanted[:20])} here (any more)."
            )
            instead = f"Shown instead: {run_name(shown)}." if shown else "Quantize a model first."
            gr.Warning(f"{why} {instead}", duration=None)
        choices = [(run_name(r), r.id) for r in runs]
        value = shown.id if shown else None
        tokens = [context.store.runs.version(), context.store.runs.listing()]
        catalog = context.catalog()  # by now the worker may have published this machine's own
        offered = [gr.Dropdown(choices=_models(catalog)), gr.Dropdown(**_devices(catalog))]
        asked = [address.get("scene", ""), address.get("layer", "")]
        return [gr.Dropdown(choices=choices, value=value), *tokens, *offered, *asked]

    def act(what: Callable[[str], object]):
        def handler(run_id: str) -> None:
            try:
                what(run_id)
            except SdqvizError as error:
                raise as_toast(error) from error

        return handler

    recipe.input(form.show_recipe, recipe, [recipe, *form.groups], **_QUIET)
    preset.input(form.show_preset, preset, form.fields, **_QUIET)
    start.click(quantize, form.inputs, mine, **_QUIET)
    timer.tick(tick, [token, listing], [token, listing], queue=False, **_QUIET)
    token.change(show_job, None, [card, cancel, resume, finish, job], **_QUIET)
    listing.change(list_runs, [run, mine], [run, mine], **_QUIET)
    for button, what in (
        (cancel, context.cancel),
        (resume, context.resume),
        (finish, context.finish),
    ):
        button.click(act(what), job, None, **_QUIET)
    run.input(None, run, None, js=KEEP_RUN_IN_ADDRESS)
    gr.context.Context.root_block.load(  # type: ignore[union-attr]
        opened, None, [run, token, listing, model, device, scene, layer], **_QUIET
    )
    return Shared(
        run=run,
        listing=listing,
        token=token,
        form=form,
        scene=scene,
        layer=layer,
        part=part,
        tabs=tabs,
    )


def _devices(catalog: dict[str, Any]) -> dict[str, Any]:
    """The devices to choose from, the fastest first chosen; one alone is no choice."""
    devices = catalog.get("devices", ["cpu"])
    return {"choices": devices, "value": devices[-1], "visible": len(devices) > 1}


def _models(catalog: dict[str, Any]) -> list[tuple[str, str]]:
    """(label, name): the minis, then what is on this machine, then what can be fetched."""
    published = {model["name"]: model for model in catalog.get("published", [])}
    local = [m for m in catalog.get("local", []) if m["name"] not in published]
    here = {m["name"] for m in catalog.get("local", [])}
    found = [(f"{m['name']} ({m['family']})", m["name"]) for m in [*catalog["models"], *local]]
    for name, model in sorted(published.items(), key=lambda item: item[0] not in here):
        missing = "" if name in here else ", not fetched yet"
        size = f"{model['parameters'] / 1e9:.1f} B parameters"
        found.append((f"{model['title']} ({model['family']}, {size}{missing})", name))
    return found
