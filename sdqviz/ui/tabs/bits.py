"""Fewer bits, with no job: the same scene down a ladder of bits, and numbers that are rounded."""

import gradio as gr

from sdqviz.base.request import LADDER
from sdqviz.results.ladder import LadderResult
from sdqviz.store.runs import DONE
from sdqviz.ui.component import NOTHING, component
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.ladder.document import ladder_document
from sdqviz.views.runs.listing import typical
from sdqviz.views.toy.document import toy_document

_FALLS = (
    "**When does a picture fall apart?** The same scene from the same noise, with ever fewer bits "
    "of weights (W) and activations (A). Drag the slider."
)
_NONE = (
    "**When does a picture fall apart?** There is no ladder of this model yet. On the command line "
    "`sdqviz ladder MODEL` quantizes it from W8A8 down to W2A8 and keeps the same scenes of each."
)


class BitsTab:
    name, label, order = "bits", "Fewer bits", 1

    def build(self, context: AppContext, shared: Shared) -> None:
        head = gr.Markdown(_FALLS, visible=False)
        ladder = component("ladder", "ladder")
        gr.Markdown(
            "**What rounding does to numbers.** A picture's pixels, or a layer's weights, snap "
            "onto a grid of so many bits. Drag bits and range."
        )
        toy = component("toy", "toy", waits=context.has_run)
        about = gr.Markdown(_NONE, visible=False, elem_id="no-ladder")

        @reads
        def fill(run_id: str | None) -> list[object]:
            """The newest ladder of the shown run's model, and the numbers of the run."""
            run = context.finished_run(run_id)
            numbers = NOTHING
            if run is not None and run.scenes:
                numbers = toy_document(run, typical(run.scenes), context.address)
            made = [r for r in context.store.runs.list(LADDER) if r.state == DONE]
            for one in made:
                if isinstance(one.outcome, LadderResult) and (
                    run is None or one.spec["model"] == run.spec["model"]
                ):
                    steps = ladder_document(one.outcome, context.address)
                    return [gr.Markdown(visible=True), steps, gr.Markdown(visible=False), numbers]
            return [gr.Markdown(visible=False), NOTHING, gr.Markdown(visible=True), numbers]

        shared.run.change(fill, shared.run, [head, ladder, about, toy], **QUIET)


TAB = BitsTab()
