"""The class's side of the blind test: a link to hand out, and what all answers say together."""

import gradio as gr

from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.blind.class_result import class_result

_LINK = """(run, kind) => {
  if (!run) return '';
  const link = new URL(location.pathname, location.origin);
  link.searchParams.set('run', run);
  link.searchParams.set('blind', kind);
  return link.href;
}"""


def build_class_result(context: AppContext, shared: Shared, kind: gr.Radio) -> gr.Accordion:
    """Adds the panel. It is hidden by the test while that runs: no score before the end."""
    with gr.Accordion("Class result", open=False, elem_id="blind-class") as panel:
        gr.Markdown(
            "All finished tests of the shown run and the chosen kind, together. Answers carry no "
            "name; a test that was broken off does not count."
        )
        link = gr.Textbox(
            label="Link for a class",
            interactive=False,
            buttons=["copy"],
            elem_id="blind-link",
        )
        refresh = gr.Button("Refresh", size="sm", elem_id="blind-refresh")
        result = gr.HTML(elem_id="blind-class-result")

    @reads
    def fill(run_id: str | None, kind: str) -> str:
        run = context.finished_run(run_id)
        return class_result(context.store.answers.finished(run.id, kind)) if run else ""

    chosen = [shared.run, kind]
    changes = [shared.run.change, kind.change]
    gr.on([*changes, refresh.click, panel.expand], fill, chosen, result, **QUIET)
    gr.on(changes, None, chosen, link, js=_LINK)
    return panel
