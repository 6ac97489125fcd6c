"""The same scene under both models: pixel difference, timestep, layer and histogram, linked."""

from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.metrics.regions import box_scores
from sdqviz.results.scene import SceneRow
from sdqviz.ui.component import NOTHING, component, folding
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.export_button import build_export_button
from sdqviz.ui.reads import reads
from sdqviz.ui.tabs.compare.histogram import build_histogram
from sdqviz.ui.tabs.compare.redraw import build_redraw
from sdqviz.ui.tabs.compare.scene_form import build_scene_form, first_example
from sdqviz.ui.tabs.compare.score_button import build_score_button
from sdqviz.views.compare.pair import picture_blobs, scene_facts, timeline_document, viewer_document
from sdqviz.views.markup import html
from sdqviz.views.page_json import page_json
from sdqviz.views.report.report import export_report
from sdqviz.views.runs.card import facts
from sdqviz.views.runs.listing import UNFINISHED, is_own, typical, worst_first

_EMPTY = html(
    '<p class="sdq-empty">No finished run yet. Choose a model at the left and press Quantize.</p>'
)
_TO_WORST, _TO_TYPICAL = "Worst one", "Typical one"


class CompareTab:
    name, label, order = "compare", "Compare", 0

    def build(self, context: AppContext, shared: Shared) -> None:
        with gr.Row(equal_height=True, elem_id="asked"):
            scene = gr.Dropdown(
                label="Scene", choices=[], elem_id="scene", filterable=True, scale=3, min_width=280
            )
            extreme = gr.Button(
                _TO_WORST, size="sm", scale=0, min_width=84, elem_id="extreme", visible=False
            )
            prompt = gr.Textbox(
                label="Or your own prompt",
                value=first_example(context),
                scale=3,
                min_width=280,
                max_lines=1,
                elem_id="prompt",
            )
            draw = gr.Button("Generate", variant="primary", elem_id="generate", min_width=120)
        mine = build_scene_form(context, shared, prompt, draw)
        component("answer", "answer", waits=False)
        with gr.Row(elem_id="compared"):
            with gr.Column(scale=6, min_width=340) as left:
                viewer = component("viewer", "viewer", events=("region",), waits=context.has_run)
                region = component("region", "region", waits=False)
                about = gr.HTML("" if context.has_run else _EMPTY, elem_id="about")
            with gr.Column(scale=5, min_width=340):
                gr.Markdown(
                    "**When does the error arise?** Replay feeds both models the FP model's own "
                    "latents; in the free run each steers itself. Drag the cursor: it moves "
                    "everything here.",
                    elem_id="when",
                )
                timeline = component("timeline", "timeline", waits=context.has_run)
                with folding("Which layers, which values?"):
                    layer = build_histogram(context, shared)
            with left:
                with folding("Where does it come from?"):
                    part = build_redraw(context, shared, scene, layer)
                build_score_button(context, shared)
                with folding("What does it save?"):
                    run_facts = gr.HTML(elem_id="facts")
                    build_export_button(
                        context, shared, "Download report (HTML)", "report", export_report
                    )

        def scenes(run_id: str | None) -> dict[str, SceneRow]:
            return context.scenes(context.finished_run(run_id))

        @reads
        def list_scenes(run_id: str | None, shown: str | None, mine: str, wanted: str) -> list[Any]:
            """The scenes, and the one that this visitor asked for once it is drawn."""
            found = scenes(run_id)
            labels = list(found)
            asked_for = [label for label in labels if found[label].id == wanted]
            kept = [shown] if shown in labels else []
            chosen = (*asked_for, *kept, *_typical(run_id, found), None)[0]
            answered = "" if asked_for else gr.skip()
            asked = context.store.runs.get(mine) if mine else None
            if asked is None or asked.state in UNFINISHED:
                # What is shown and still there is left alone: meanwhile the visitor may have chosen
                # another. So is `mine`: by now *Generate* may have set it to another run.
                value = {} if chosen == shown else {"value": chosen}
                return [gr.Dropdown(choices=labels, **value), gr.skip(), answered]
            if asked.scenes:
                drawn = asked.scenes[0].id
                own = [k for k in labels if found[k].id == drawn and is_own(k)]
                chosen = own[0] if own else chosen
            return [gr.Dropdown(choices=labels, value=chosen), "", answered]

        def _typical(run_id: str | None, found: dict[str, SceneRow]) -> list[str]:
            """The label to open with: the run's typical scene."""
            run = context.finished_run(run_id)
            if run is None or not run.scenes:
                return []
            wanted = typical(run.scenes).id
            return [label for label, row in found.items() if row.id == wanted]

        @reads
        def offer(run_id: str | None, label: str | None) -> Any:
            """The button leads to the worst scene, and from there back to the typical one."""
            run, found = context.finished_run(run_id), scenes(run_id)
            if run is None or len(run.scenes) < 2:
                return gr.Button(visible=False)
            worst = worst_first(run.scenes)[0].id
            at_worst = label in found and found[label].id == worst
            return gr.Button(_TO_TYPICAL if at_worst else _TO_WORST, visible=True)

        @reads
        def go_to(run_id: str | None, words: str) -> Any:
            run = context.finished_run(run_id)
            if run is None or not run.scenes:
                return gr.skip()
            to_worst = words == _TO_WORST
            wanted = worst_first(run.scenes)[0] if to_worst else typical(run.scenes)
            return next(label for label, row in scenes(run_id).items() if row.id == wanted.id)

        @reads
        def open_scene(run_id: str | None, wanted: str) -> list[Any]:
            """The scene that another tab asked for; the request is cleared, so that the same one
            can be made again.
            """
            found = {row.id: label for label, row in scenes(run_id).items()}
            if wanted not in found:
                return [gr.skip()] * 2
            return [gr.Dropdown(choices=list(found.values()), value=found[wanted]), ""]

        @reads
        def pictures(run_id: str | None, label: str | None, chosen: str) -> str:
            """The viewer's pictures, again when another was drawn of the same scene."""
            run = context.finished_run(run_id)
            row = scenes(run_id).get(label or "")
            if run is None or row is None:
                return NOTHING
            return viewer_document(run, row, context.store.runs.list(), context.address, chosen)

        @reads
        def show(run_id: str | None, label: str | None, chosen: str) -> list[Any]:
            run = context.finished_run(run_id)
            row = scenes(run_id).get(label or "")
            if run is None or row is None:
                return [NOTHING, NOTHING, _EMPTY, ""]
            return [
                pictures(run_id, label, chosen),
                timeline_document(run, row, context.address),
                scene_facts(row),
                facts(run),
            ]

        @reads
        def measure(run_id: str | None, label: str | None, event: gr.EventData) -> str:
            """The scores of a box of two pictures, with the box and the pictures' keys."""
            run = context.finished_run(run_id)
            row = scenes(run_id).get(label or "")
            if run is None or row is None:
                return NOTHING
            told: Any = event._data
            box: dict[str, Any] = told if isinstance(told, dict) else {}
            files = picture_blobs(run, row, context.store.runs.list())
            try:
                if not all(str(box.get(which)) in files for which in ("a", "b")):
                    raise SdqvizError("one of the pictures is gone", "choose another")
                a, b = (context.store.blobs.file(files[str(box[which])]) for which in ("a", "b"))
                sides = [box.get(side) for side in ("x", "y", "w", "h")]
                place = [int(side) for side in sides if isinstance(side, int | float)]
                if len(place) < len(sides):
                    raise SdqvizError("the box has no sides", "draw one in the picture")
                return page_json({**box, **box_scores(a, b, *place)})
            except SdqvizError as error:
                raise as_toast(error) from error

        gr.on(
            [shared.listing.change, shared.run.change],
            list_scenes,
            [shared.run, scene, mine, shared.scene],
            [scene, mine, shared.scene],
            **QUIET,
        )
        asked = [shared.run, shared.scene]
        shared.scene.change(open_scene, asked, [scene, shared.scene], **QUIET)
        gr.on([scene.change, shared.run.change], offer, [shared.run, scene], extreme, **QUIET)
        extreme.click(go_to, [shared.run, extreme], scene, **QUIET)
        outputs = [viewer, timeline, about, run_facts]
        shown = [shared.run, scene, part]
        gr.on([scene.change, shared.run.change], show, shown, outputs, **QUIET)
        shared.listing.change(pictures, shown, viewer, **QUIET)
        viewer.region(measure, [shared.run, scene], region, **QUIET)


TAB = CompareTab()
