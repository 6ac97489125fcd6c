"""The left side: which run is shown, the Quantize form, and the job in progress."""

from typing import Any

import gradio as gr

from sdqviz.store.runs import NEWER, Run
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import KEEP_RUN_IN_ADDRESS, QUIET, Shared
from sdqviz.ui.job_panel import build_job_panel
from sdqviz.ui.notice import Notice
from sdqviz.ui.opening import Opening, Query
from sdqviz.ui.quantize_form import build_quantize_form, devices, models_of
from sdqviz.ui.reads import reads
from sdqviz.views.runs.listing import finished
from sdqviz.views.runs.names import run_name


def build_sidebar(context: AppContext, tabs: gr.Tabs) -> Shared:
    """Builds the sidebar and returns what the tabs listen to."""
    gr.Markdown("### sdqviz")
    run = gr.Dropdown(label="Shown run", choices=[], elem_id="run")
    mine = gr.Textbox(visible="hidden")  # the run this visitor waits for
    opening = Opening()
    with gr.Column(visible=not context.is_class):
        form = build_quantize_form(context, mine, opening)
    tokens = build_job_panel(context)
    scene = gr.Textbox(visible="hidden", elem_id="wanted-scene")
    layer = gr.Textbox(visible="hidden", elem_id="wanted-layer")
    part = gr.Textbox(visible="hidden")
    arrived = gr.Textbox(visible="hidden")  # filled once the page shows what its address names

    notice = Notice()

    @reads
    def list_runs(shown: str | None, asked: str, arrived: str) -> list[Any]:
        return _listed(context, shown, asked, bool(arrived))

    def opened(query: Query) -> list[Any]:
        return _opened(context, query)

    tokens.listing.change(list_runs, [run, mine, arrived], [run, mine], **QUIET)
    run.input(None, run, None, js=KEEP_RUN_IN_ADDRESS)
    first = [run, *tokens.both, form.model, form.device, scene, layer, arrived, notice.box]
    opening.add(opened, first)
    return Shared(
        run=run,
        chosen=run,
        listing=tokens.listing,
        token=tokens.token,
        form=form,
        scene=scene,
        layer=layer,
        part=part,
        tabs=tabs,
        opening=opening,
        notice=notice,
    )


def _listed(context: AppContext, shown: str | None, asked: str, arrived: bool) -> list[Any]:
    """The finished runs, and the one that this visitor asked for once it is done. Before the page
    has `arrived` at what its address names, none is chosen here: that would undo it.
    """
    runs = finished(context.store.runs.list())
    usual = context.finished_run(shown)
    choices = _choices(runs, usual)
    if asked in [r.id for r in runs]:
        return [gr.Dropdown(choices=choices, value=asked), ""]
    # Left alone: meanwhile the visitor may have chosen another.
    if not arrived or (usual is not None and usual.id == shown):
        return [gr.Dropdown(choices=choices), gr.skip()]
    value = usual.id if usual else None
    # `mine` is left alone: by now *Quantize* may have set it to another run.
    return [gr.Dropdown(choices=choices, value=value), gr.skip()]


def _choices(runs: list[Run], shown: Run | None) -> list[tuple[str, str]]:
    """Name and id of the listed runs, and of the shown one if it is older."""
    older = [shown] if shown is not None and shown.id not in [r.id for r in runs] else []
    return [(run_name(r), r.id) for r in (*runs, *older)]


def _opened(context: AppContext, address: Query) -> list[Any]:
    """The first picture of a page: what its address names, or the usual run."""
    runs = finished(context.store.runs.list())
    wanted = address.get("run")
    shown = context.finished_run(wanted)
    is_another = wanted and (shown is None or shown.id != wanted)
    told = Notice.words(_why(context, wanted, shown), stays=True) if is_another else gr.skip()
    choices = _choices(runs, shown)
    tokens = [context.store.runs.version(), context.store.runs.listing()]
    catalog = context.catalog()  # by now the worker may have published this machine's own
    offered = [gr.Dropdown(choices=models_of(catalog)), gr.Dropdown(**devices(catalog))]
    asked = [address.get("scene", ""), address.get("layer", "")]
    value = shown.id if shown else None
    return [gr.Dropdown(choices=choices, value=value), *tokens, *offered, *asked, "1", told]


def _why(context: AppContext, wanted: str, shown: Run | None) -> str:
    """Why another run than the address names is shown."""
    name = wanted[:20]
    newer = any(r.id == wanted and r.state == NEWER for r in context.store.runs.list())
    why = f"There is no finished run {name} here (any more)."
    if newer:
        why = f"Run {name} was made by a newer sdqviz: update to see it."
    instead = f"Shown instead: {run_name(shown)}." if shown else "Quantize a model first."
    return f"{why} {instead}"
