"""The job in progress: its card, and the buttons that stop, resume or finish it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.store.runs import ACTIVE, QUEUED, RESUMABLE, RUNNING
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.contract import QUIET, TOLD
from sdqviz.ui.reads import reads
from sdqviz.views.runs.card import run_card
from sdqviz.views.runs.listing import latest

_LOG_LINES = 40


@dataclass(frozen=True)
class StoreTokens:
    """Change when the store does; compared once a second, so that a page at rest asks little."""

    token: gr.Textbox  # whenever anything changed
    listing: gr.Textbox  # when a run comes, goes or changes its state

    @property
    def both(self) -> list[gr.Textbox]:
        return [self.token, self.listing]


def build_job_panel(context: AppContext) -> StoreTokens:
    """Adds the card and its buttons, and what the rest of the page follows the store by."""
    card = gr.HTML(elem_id="job")
    with gr.Row():
        cancel = gr.Button("Cancel", visible=False, size="sm", elem_id="cancel")
        resume = gr.Button("Resume", visible=False, size="sm", elem_id="resume")
        dismiss = gr.Button("Dismiss", visible=False, size="sm", elem_id="dismiss")
        undo = gr.Button("Show it again", visible=False, size="sm", elem_id="undismiss")
        finish = gr.Button("Finish training now", visible=False, size="sm", elem_id="finish")
    job = gr.Textbox(visible="hidden", elem_id="job-id")
    gone = gr.Textbox(visible="hidden")  # the job that was dismissed last
    tokens = StoreTokens(
        token=gr.Textbox(visible="hidden", elem_id="token"),
        listing=gr.Textbox(visible="hidden", elem_id="listing"),
    )

    @reads
    def tick(*shown: str) -> list[Any]:
        """Cheap when nothing changed: two queries, no update."""
        now = (context.store.runs.version(), context.store.runs.listing())
        return [gr.skip() if a == b else b for a, b in zip(shown, now, strict=True)]

    @reads
    def show_job() -> list[Any]:
        return _job(context)

    timer = gr.Timer(1.0)
    timer.tick(tick, tokens.both, tokens.both, **QUIET)
    shown = [card, cancel, resume, dismiss, undo, finish, job]
    tokens.token.change(show_job, None, shown, **QUIET)
    runs = context.store.runs
    dismiss.click(_dismissing(runs.dismiss, True), job, [gone, undo], **TOLD)
    undo.click(_dismissing(runs.dismiss, False), gone, [gone, undo], **TOLD)
    for button, what in (
        (cancel, context.cancel),
        (resume, context.resume),
        (finish, context.finish),
    ):
        button.click(_act(what), job, None, **TOLD)
    return tokens


def _job(context: AppContext) -> list[Any]:
    """Updates of [card, cancel, resume, dismiss, undo, finish, job]."""
    runs = context.store.runs.list()
    current = latest(runs)
    waiting = context.store.runs.waiting()  # of all visitors: each waits for those before
    if waiting:
        context.wake()  # a run that waits needs a worker, even after one crashed
    queued = waiting - bool(current and current.state == QUEUED)
    log, stages = [], context.stages
    if current is not None:
        events = context.store.records.events(current.id, "Log", _LOG_LINES)
        log = [event.message for event in events]  # type: ignore[union-attr]
    state = current.state if current else ""
    may = not context.is_class
    ends = state == RUNNING and current is not None and current.stage in stages.can_finish_early
    return [
        run_card(current, queued, log, stages),
        gr.Button(visible=may and state in (*ACTIVE, QUEUED), interactive=state != "stopping"),
        *[gr.Button(visible=may and state in RESUMABLE)] * 2,
        gr.skip() if current is None else gr.Button(visible=False),
        gr.Button(visible=may and ends),
        current.id if current else "",
    ]


def _dismissing(dismiss: Callable[[str, bool], object], away: bool) -> Callable[[str], list[Any]]:
    """Puts a stopped job out of sight, or back; it stays in the Runs tab all the same."""

    def handler(run_id: str) -> list[Any]:
        dismiss(run_id, away)
        return [run_id if away else "", gr.Button(visible=away)]

    return handler


def _act(what: Callable[[str], object]) -> Callable[[str], None]:
    def handler(run_id: str) -> None:
        try:
            what(run_id)
        except SdqvizError as error:
            raise as_toast(error) from error

    return handler
