"""Fewer bits: the same scene down a ladder of bits, by a slider, with no job."""

import gradio as gr

from sdqviz.base.request import LADDER
from sdqviz.results.ladder import LadderResult
from sdqviz.store.runs import DONE
from sdqviz.ui.component import NOTHING, component
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.ladder.document import ladder_document

_NONE = (
    "No ladder of this model yet. On the command line `sdqviz ladder MODEL` quantizes it from W8A8 "
    "down to W2A8 and keeps the same scenes of each."
)


class BitsTab:
    name, label, order = "bits", "Fewer bits", 1

    def offered(self, context: AppContext) -> bool:
        """Whether there is any ladder: a tab that can show nothing is left out."""
        return any(run.state == DONE for run in context.store.runs.list(LADDER))

    def build(self, context: AppContext, shared: Shared) -> None:
        gr.Markdown(
            "**When does a picture fall apart?** The same scene from the same noise, with ever "
            "fewer bits of weights (W) and activations (A). Drag the slider."
        )
        ladder = component("ladder", "ladder")
        about = gr.Markdown(_NONE, visible=False, elem_id="no-ladder")

        @reads
        def fill(run_id: str | None) -> list[object]:
            """The newest ladder of the shown run's model."""
            run = context.finished_run(run_id)
            made = [r for r in context.store.runs.list(LADDER) if r.state == DONE]
            for one in made:
                if isinstance(one.outcome, LadderResult) and (
                    run is None or one.spec["model"] == run.spec["model"]
                ):
                    return [
                        ladder_document(one.outcome, context.address),
                        gr.Markdown(visible=False),
                    ]
            return [NOTHING, gr.Markdown(visible=True)]

        shared.run.change(fill, shared.run, [ladder, about], **QUIET)


TAB = BitsTab()
