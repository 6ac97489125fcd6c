"""A button that hands out the shown run's static report as one ZIP file."""

import shutil
import tempfile
from pathlib import Path

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.tabs.contract import Shared
from sdqviz.views.report import export_report


def build_report_button(context: AppContext, shared: Shared) -> None:
    """Adds the button, and the hidden one that the browser downloads with."""
    with gr.Row():
        ask = gr.Button("Download report (HTML)", size="sm", elem_id="report", scale=0)
    file = gr.DownloadButton("report", visible="hidden", elem_id="report-file")

    def make(run_id: str | None) -> str:
        run = context.finished_run(run_id)
        # Not in the store: gradio serves it from its own cache, which it cleans.
        with tempfile.TemporaryDirectory() as folder:
            try:
                if run is None:
                    raise SdqvizError("there is no finished run", "quantize a model first")
                name = f"sdqviz-{run.spec['model'].split('/')[-1]}-{run.id}"
                export_report(context.store, run, Path(folder) / name)
            except SdqvizError as error:
                raise as_toast(error) from error
            kept = Path(tempfile.mkdtemp(prefix="sdqviz-report-")) / name
            return shutil.make_archive(str(kept), "zip", folder, name)

    ask.click(make, shared.run, file, api_visibility="private").then(
        None, None, None, js="() => document.querySelector('#report-file').click()"
    )
