"""The blind test: can you tell the quantized picture when nothing says which it is?"""

import functools
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gradio as gr

from sdqviz.base.blind import (
    ABX,
    ANSWERS,
    FP,
    KINDS,
    LENGTHS,
    MISSING,
    STUDENT,
    USUAL_LENGTH,
    Session,
    Trial,
    lengths,
)
from sdqviz.base.errors import SdqvizError
from sdqviz.results.scene import SceneRow
from sdqviz.store.runs import Run
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.contract import QUIET, TOLD, Shared
from sdqviz.ui.notice import Notice
from sdqviz.ui.opening import Query
from sdqviz.ui.reads import reads
from sdqviz.ui.tabs.blind.class_link import build_class_result
from sdqviz.ui.tabs.blind.keys import BUTTONS, KEEP, LISTEN, RECALL, SETTLE
from sdqviz.views.blind.reveal import reveal
from sdqviz.views.blind.trial import KIND_LABELS, button_label, trial_stage
from sdqviz.views.markup import html
from sdqviz.views.runs.listing import generated
from sdqviz.views.runs.names import is_variant

_TRIAL = re.compile(r"[0-9]{1,4}")
_ANOTHER = "The run of this link is not here; another one is shown."
_NO_RUN = html(
    '<p class="sdq-empty">No finished run yet. Choose a model at the left and press Quantize.</p>'
)


class BlindTab:
    name, label, order = "blind", "Blind test", 6
    waits = False  # a reload goes on with a test that runs, whatever tab is shown

    def build(self, context: AppContext, shared: Shared) -> None:
        gr.Markdown(
            "**Can you tell them apart?** Held-out scenes of the shown run, drawn by the FP and by "
            "the quantized model, in an order that only the server knows. Each guess is right half "
            "the time by chance; the score comes after the last trial.",
            elem_id="blind-intro",
        )
        with gr.Group(elem_id="blind-setup") as setup, gr.Row():
            kind = gr.Radio(
                label="Test",
                choices=[(KIND_LABELS[k], k) for k in KINDS],
                value=ABX,
                elem_id="blind-kind",
                scale=3,
            )
            length = gr.Radio(
                label="Trials",
                choices=list(LENGTHS),
                value=USUAL_LENGTH,
                elem_id="blind-length",
                scale=2,
            )
        # As long as no run is shown, nothing changes that could tell.
        start = gr.Button("Start", variant="primary", interactive=False, elem_id="blind-start")
        stage = gr.HTML("" if context.has_run else _NO_RUN, elem_id="blind-stage")
        with gr.Row(visible=False, elem_id="blind-answers") as row:
            buttons = [
                gr.Button(button_label(ABX, a), elem_id=BUTTONS[a], min_width=90) for a in ANSWERS
            ]
        stop = gr.Button("Stop without a result", size="sm", visible=False, elem_id="blind-stop")
        panel = build_class_result(context, shared, kind)
        session_id = gr.Textbox(visible="hidden", elem_id="blind-session")
        number = gr.Textbox(visible="hidden", elem_id="blind-trial")  # the trial on the page
        before = gr.Textbox(visible="hidden")  # the run that the tab follows
        told = shared.notice.box
        outputs = [setup, start, stage, row, *buttons, stop, panel, session_id, number]

        def idle(stage: Any, start_label: str = "Start", can_start: bool = True) -> list[Any]:
            """The page when no test runs."""
            return [
                gr.Group(visible=True),
                gr.Button(start_label, visible=True, interactive=can_start),
                stage,
                gr.Row(visible=False),
                *[gr.skip()] * len(ANSWERS),
                gr.Button(visible=False),
                gr.Accordion(visible=True),
                "",
                "",
            ]

        def show(session: Session, tell: Callable[[str], object] = gr.Warning) -> list[Any]:
            """The next trial whose pictures are there, or the end."""
            scenes = _scenes(context, context.store.runs.get(session.run))
            skipped, pictures = 0, None
            while (trial := session.current) is not None:
                pictures = _pictures(context, scenes[trial.scene], trial)
                if pictures is not None:
                    break
                skipped += 1
                session = context.store.answers.answer(session.id, trial.number, MISSING)
            if skipped:
                tell(f"Picture files are missing; trials skipped: {skipped}.")
            if trial is None or pictures is None:
                return idle(reveal(session, scenes, context.address), "Start again")
            return [
                gr.Group(visible=False),
                gr.Button(visible=False),
                trial_stage(session, trial, pictures),
                gr.Row(visible=True),
                *[gr.Button(button_label(session.kind, a)) for a in ANSWERS],
                gr.Button(visible=True),
                gr.Accordion(visible=False),
                session.id,
                str(trial.number),
            ]

        def begin(run_id: str | None, kind: str, length: object) -> list[Any]:
            run = context.finished_run(run_id)
            try:
                if not isinstance(length, int) or not 1 <= length <= max(LENGTHS):
                    raise SdqvizError("no number of trials is chosen", "choose one")
                if run is None:
                    raise SdqvizError("there is no finished run", "quantize a model first")
                there, missing = _testable(context, run)
                if missing:
                    gr.Warning(f"Picture files are missing; scenes left out: {missing}.")
                trials = min(length, len(there)) if there else length
                return show(context.store.answers.start(run.id, kind, there, trials))
            except SdqvizError as error:
                raise as_toast(error) from error

        def give(answer: str, session: str | None, number: str | None) -> list[Any]:
            if not session or not number:  # a key pressed twice, after the last trial
                return [gr.skip()] * len(outputs)
            try:
                if not _TRIAL.fullmatch(number):
                    raise SdqvizError("the page names no trial", "reload the page")
                return show(context.store.answers.answer(session, int(number), answer))
            except SdqvizError as error:
                raise as_toast(error) from error

        @reads
        def follow(run_id: str | None, session: str, before: str) -> list[Any]:
            """Another run is shown: a test that runs goes on with its own, also after the page was
            loaded again. The same run again, as when its list is refreshed, must not clear a test
            that begins this moment.
            """
            now = run_id or ""
            if session and not (before or now):
                return [gr.skip()] * (len(outputs) + 4)  # the page is loading
            if session and not before:
                with suppress(SdqvizError):  # it is gone with its run: nothing to go on with
                    test = context.store.answers.session(session)
                    if test.current is not None:
                        words: list[str] = []
                        page = show(test, words.append)
                        notice = Notice.words(words[0]) if words else gr.skip()
                        return [*page, now, gr.Tabs(selected=self.name), notice, gr.skip()]
            elif session or (now and now == before):
                return [gr.skip()] * (len(outputs) + 4)
            run = context.finished_run(run_id)
            start = idle("" if run else _NO_RUN, can_start=run is not None)
            return [*start, now, gr.skip(), gr.skip(), _length(context, run)]

        def opened(query: Query) -> list[Any]:
            """A class's link: its kind is chosen and this tab shown."""
            asked, run_id = (query.get(key) for key in ("blind", "run"))
            if asked not in KINDS:
                return [gr.skip()] * 3
            run = context.finished_run(run_id)
            is_another = run_id and (run is None or run.id != run_id)
            words = Notice.words(_ANOTHER) if is_another else gr.skip()
            return [gr.Radio(value=asked), gr.Tabs(selected=self.name), words]

        start.click(begin, [shared.run, kind, length], outputs, **TOLD)
        for answer, button in zip(ANSWERS, buttons, strict=True):
            button.click(functools.partial(give, answer), [session_id, number], outputs, **TOLD)
        stop.click(lambda: idle(""), None, outputs, **TOLD)
        followed = [shared.run, session_id, before]
        shared.run.change(
            follow, followed, [*outputs, before, shared.tabs, told, length], js=RECALL, **QUIET
        ).then(None, [session_id, before], None, js=SETTLE)
        session_id.change(None, session_id, None, js=KEEP)
        shared.opening.add(opened, [kind, shared.tabs, told])
        gr.context.Context.root_block.load(None, js=LISTEN)  # type: ignore[union-attr]


def _scenes(context: AppContext, run: Run) -> dict[str, SceneRow]:
    """Scene id -> row of the run's held-out scenes, and of those that the operator drew with it
    since: what visitors drew is not everybody's.
    """
    made = [r for r in generated(run, context.store.runs.list()) if not r.visitor]
    drawn = (row for r in made if not is_variant(r) for row in r.scenes)
    return {row.id: row for row in (*drawn, *run.scenes)}


def _length(context: AppContext, run: Run | None) -> Any:
    """The lengths of a test in which no scene comes twice; the usual one, or the longest."""
    if run is None:
        return gr.skip()
    offered = lengths(len(_scenes(context, run)))
    usual = max((n for n in offered if n <= USUAL_LENGTH), default=offered[0])
    return gr.Radio(choices=list(offered), value=usual)


def _testable(context: AppContext, run: Run) -> tuple[list[str], int]:
    """The ids of the scenes whose pictures are all there, and how many others there are."""
    scenes = _scenes(context, run)
    there = [
        scene
        for scene, row in scenes.items()
        if all(context.store.blobs.path(name).exists() for name in row.pictures.blobs)
    ]
    if scenes and not there:
        raise SdqvizError(f"no picture of run {run.id} is there", "run it again")
    return there, len(scenes) - len(there)


def _pictures(context: AppContext, row: SceneRow, trial: Trial) -> list[bytes] | None:
    """The trial's PNG files in the order shown; None when one is missing."""
    files = {FP: row.pictures.fp, STUDENT: row.pictures.student}
    try:
        return [context.store.blobs.get(files[who]) for who in trial.shown]
    except SdqvizError:
        return None


TAB = BlindTab()
