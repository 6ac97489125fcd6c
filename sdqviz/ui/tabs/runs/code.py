"""The shown run as code that repeats it, and its settings back into the Quantize form."""

from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.contract import QUIET, TOLD, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.markup import html, plain_words
from sdqviz.views.runs.code import run_code
from sdqviz.views.runs.names import short_name


def build_run_code(context: AppContext, shared: Shared) -> None:
    """Adds the two code blocks and the button."""
    head = gr.Markdown("### Repeat the shown run")
    with gr.Row():
        shell = gr.Code(
            label="Command line",
            language="shell",
            interactive=False,
            show_line_numbers=False,
            wrap_lines=True,
            buttons=["copy"],
            lines=3,
            elem_id="code-shell",
        )
        python = gr.Code(
            label="Python",
            language="python",
            interactive=False,
            show_line_numbers=False,
            wrap_lines=True,
            buttons=["copy"],
            lines=3,
            elem_id="code-python",
        )
    note = gr.HTML(elem_id="code-note")
    clone = gr.Button(
        "Clone settings into the Quantize form", elem_id="clone", visible=not context.is_class
    )

    @reads
    def show(run_id: str | None) -> list[str]:
        run = context.finished_run(run_id)
        if run is None:
            return ["### Repeat the shown run", "", "", ""]
        title = f"### Repeat the shown run ({plain_words(short_name(run))})"
        try:
            code = run_code(context.catalog(), run.spec)
        except SdqvizError as error:
            why = html('<p class="sdq-note">{}: {}.</p>', error.message, error.hint)
            return [title, "", "", why]
        words = f"Only settings that differ from the preset's are written. {code.note}"
        return [title, code.shell, code.python, html('<p class="sdq-about">{}</p>', words)]

    def fill(run_id: str | None) -> list[Any]:
        run = context.finished_run(run_id)
        try:
            if run is None:
                raise SdqvizError("there is no finished run", "quantize a model first")
            updates = shared.form.filled(context.catalog(), run.spec)
        except SdqvizError as error:
            raise as_toast(error) from error
        if run.spec.get("model_config"):
            gr.Warning("The form has no field for a config folder; use the command line.")
        if run.spec.get("prompts"):
            gr.Warning("The form has no field for a file of prompts; use the command line.")
        gr.Info("The settings are in the form at the left. Change what you like, then Quantize.")
        return updates

    shared.run.change(show, shared.run, [head, shell, python, note], **QUIET)
    clone.click(fill, shared.run, shared.form.outputs, **TOLD)
