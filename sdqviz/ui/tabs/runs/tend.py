"""One's own runs: a name, tags, into the bin and back."""

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.store.run import ACTIVE, Run
from sdqviz.store.tended import LONGEST_NAME
from sdqviz.ui.component import folding
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, TOLD, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.markup import html
from sdqviz.views.runs.listing import MOST
from sdqviz.views.runs.names import job_name

_ANY = "Those that you may change."
_NONE = "There is none yet: Quantize or Generate makes one."


def build_tending(context: AppContext, shared: Shared) -> None:
    """Adds the choice of a run, its name and tags, and the buttons."""
    runs = context.store.runs
    with folding("Your runs: name, tags, bin"):
        with gr.Row():
            chosen = gr.Dropdown(
                label="Run", info=_NONE, choices=[], scale=2, min_width=240, elem_id="tended"
            )
            name = gr.Textbox(
                label="Name",
                info="What lists call it.",
                max_length=LONGEST_NAME,
                max_lines=1,
                min_width=200,
                elem_id="tended-name",
            )
            tags = gr.Textbox(
                label="Tags",
                info="With commas between them.",
                max_lines=1,
                min_width=160,
                elem_id="tended-tags",
            )
        with gr.Row():
            save = gr.Button("Save name and tags", size="sm", min_width=150, elem_id="tended-save")
            delete = gr.Button("Delete", size="sm", min_width=90, elem_id="tended-delete")
            undo = gr.Button("Undo", size="sm", min_width=90, visible=False, elem_id="tended-undo")
        told = gr.HTML(elem_id="tended-told")
        with gr.Row(visible=False, equal_height=True) as bin_row:
            bin_ = gr.Dropdown(
                label="Bin",
                info="What lies here is gone after 30 days.",
                choices=[],
                scale=2,
                min_width=240,
                elem_id="bin",
            )
            restore = gr.Button("Restore", size="sm", min_width=90, scale=0, elem_id="restore")
    before = gr.Textbox(visible="hidden")  # JSON: the run that was changed, and how it was

    @reads
    def fill(wanted: str | None, shown: str | None) -> list[Any]:
        """What may be changed: what was chosen stays, else the shown run, else the newest."""
        own = [run for run in runs.list() if context.may_change(run)][:MOST]
        ids = [run.id for run in own]
        value = next((one for one in (wanted, shown, *ids[:1]) if one in ids), None)
        binned = runs.bin()[:MOST]
        # What is still there is left alone: meanwhile another may be chosen.
        moved = {} if value == wanted else {"value": value}
        return [
            gr.Dropdown(choices=_choices(own), info=_ANY if own else _NONE, **moved),
            gr.Dropdown(choices=_choices(binned), value=binned[0].id if binned else None),
            gr.Row(visible=bool(binned)),
            *allowed(value),
        ]

    def allowed(run_id: str | None) -> list[Any]:
        """Updates of [save, delete]."""
        run = runs.get(run_id) if run_id and runs.has(run_id) else None
        can_delete = run is not None and run.state not in ACTIVE and run.id not in context.demos
        return [gr.Button(interactive=run is not None), gr.Button(interactive=can_delete)]

    @reads
    def show(run_id: str | None) -> list[str]:
        """Name and tags; told when another run is chosen alone: somebody may be typing."""
        run = runs.get(run_id) if run_id and runs.has(run_id) else None
        return [run.name, ", ".join(run.tags)] if run else ["", ""]

    def change(run_id: str | None, name: str | None, tags: str | None) -> list[Any]:
        run = runs.get(_there(run_id))
        now = runs.describe(run.id, name or "", (tags or "").split(","))
        return _undoable(run, f"Saved: {job_name(now)}.")

    def remove(run_id: str | None) -> list[Any]:
        gone = runs.delete(_there(run_id))
        return _undoable(gone, f"Deleted: {job_name(gone)}.", was="there")

    def bring_back(run_id: str | None) -> list[Any]:
        run = runs.restore(_there(run_id))
        return _undoable(run, f"Restored: {job_name(run)}.", was="binned")

    def take_back(before: str | None, run_id: str | None) -> list[Any]:
        past = _past(before)
        if past["was"] == "there":
            runs.restore(past["run"])
        elif past["was"] == "binned":
            runs.delete(past["run"])
        else:
            runs.describe(past["run"], past["name"], past["tags"])
        return ["", gr.Button(visible=False), _line("It is as it was before."), *show(run_id)]

    changed = [shared.listing.change, shared.run.change]
    gr.on(changed, fill, [chosen, shared.run], [chosen, bin_, bin_row, save, delete], **QUIET)
    chosen.change(show, chosen, [name, tags], **QUIET)
    outputs = [before, undo, told]
    save.click(change, [chosen, name, tags], outputs, **TOLD)
    delete.click(remove, chosen, outputs, **TOLD)
    restore.click(bring_back, bin_, outputs, **TOLD)
    undo.click(take_back, [before, chosen], [*outputs, name, tags], **TOLD)


def _choices(runs: Sequence[Run]) -> list[tuple[str, str]]:
    return [(job_name(run), run.id) for run in runs]


def _there(run_id: str | None) -> str:
    if not run_id:
        raise SdqvizError("no run is chosen", "choose one at the left")
    return run_id


def _undoable(run: Run, words: str, was: str = "changed") -> list[Any]:
    """What *Undo* goes back to, the button, and what happened in words."""
    past = {"run": run.id, "name": run.name, "tags": list(run.tags), "was": was}
    return [json.dumps(past), gr.Button(visible=True), _line(words)]


def _past(text: str | None) -> dict[str, Any]:
    """That note, as the page gives it back: it may be anything."""
    kinds = {"run": str, "name": str, "was": str, "tags": list}
    try:
        past = json.loads(text or "")
    except (ValueError, RecursionError):
        past = None
    if (
        not isinstance(past, dict)
        or not all(isinstance(past.get(name), kind) for name, kind in kinds.items())
        or not all(isinstance(tag, str) for tag in past["tags"])
    ):
        raise SdqvizError("there is nothing to undo", "reload the page")
    return past


def _line(words: str) -> str:
    return html('<p class="sdq-about" role="status">{}</p>', words)
