"""The class's side of the blind test: a link and its code to hand out, and what all answers say
together, while they come in.
"""

import json
import re
from typing import Any

import gradio as gr

from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.opening import Query
from sdqviz.ui.reads import reads
from sdqviz.views.blind.class_result import class_result
from sdqviz.views.blind.code import link_code

GUEST = "class"  # a page's address has it where a class's link led there: the test stands alone
_SECONDS = 2.0  # after which the open result is looked at again
_LINK = """(run, kind) => {{
  if (!run) return '';
  const link = new URL(location.pathname, location.origin);
  const isOwn = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
  if (isOwn && {address}) link.hostname = {address};
  link.searchParams.set('run', run);
  link.searchParams.set('blind', kind);
  link.searchParams.set('{guest}', '1');
  return link.href;
}}"""
_ADDRESS = re.compile(r"https?://\S{1,400}")


def build_class_result(context: AppContext, shared: Shared, kind: gr.Radio) -> gr.Accordion:
    """Adds the panel. It is hidden by the test while that runs: no score before the end."""
    with gr.Accordion("Class result", open=False, elem_id="blind-class") as panel:
        with gr.Row():
            with gr.Column(scale=2, min_width=260):
                gr.Markdown(
                    "All finished tests of the shown run and the chosen kind, together, as they "
                    "come in. Answers carry no name; a test that was broken off does not count."
                )
                link = gr.Textbox(
                    label="Link for a class",
                    interactive=False,
                    buttons=["copy"],
                    elem_id="blind-link",
                )
                result = gr.HTML(elem_id="blind-class-result")
            with gr.Column(scale=1, min_width=240):
                code = gr.HTML(elem_id="blind-code")
        clock = gr.Timer(_SECONDS, active=False)
        seen = gr.Textbox(visible="hidden")  # what the result shown is of

    @reads
    def fill(run_id: str | None, kind: str, seen: str | None) -> list[Any]:
        run = context.finished_run(run_id)
        if run is None:
            return ["", ""]
        tests = context.store.answers.finished(run.id, kind)
        going = context.store.answers.under_way(run.id, kind)
        now = f"{run.id} {kind} {len(tests)} {going}"
        return [gr.skip()] * 2 if now == seen else [class_result(tests, going), now]

    @reads
    def draw(link: str | None) -> str:
        is_address = _ADDRESS.fullmatch(link or "")
        return link_code(is_address[0]) if is_address else ""

    def opened(query: Query) -> list[Any]:
        """A teacher's page has the panel open from the start; a class's link never."""
        is_open = context.is_class and query.get(GUEST) != "1"
        return [gr.Accordion(open=is_open), gr.Timer(active=is_open)]

    chosen = [shared.run, kind]
    changes = [shared.run.change, kind.change]
    gr.on([*changes, clock.tick, panel.expand], fill, [*chosen, seen], [result, seen], **QUIET)
    panel.expand(lambda: gr.Timer(active=True), None, clock, **QUIET)
    panel.collapse(lambda: gr.Timer(active=False), None, clock, **QUIET)
    address = json.dumps(context.class_address)
    gr.on(changes, None, chosen, link, js=_LINK.format(address=address, guest=GUEST))
    link.change(draw, link, code, **QUIET)
    shared.opening.add(opened, [panel, clock])
    return panel
