"""A button that hands out files made from the shown run as one ZIP file."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.store.own import AnyStore
from sdqviz.store.runs import Run
from sdqviz.ui.context import AppContext, as_toast
from sdqviz.ui.contract import TOLD, Shared


def build_export_button(
    context: AppContext,
    shared: Shared,
    label: str,
    elem_id: str,
    export: Callable[[AnyStore, Run, Path], object],
) -> None:
    """Adds the button, and the hidden one that the browser downloads with.

    `export` writes the run's files into the new folder that it is given; `elem_id` is in the
    ZIP's name.
    """
    with gr.Row():
        ask = gr.Button(label, size="sm", elem_id=elem_id, scale=0)
    file = gr.DownloadButton(elem_id, visible="hidden", elem_id=f"{elem_id}-file")

    def make(run_id: str | None) -> str:
        run = context.finished_run(run_id)
        with tempfile.TemporaryDirectory() as folder:
            try:
                if run is None:
                    raise SdqvizError("there is no finished run", "quantize a model first")
                name = f"sdqviz-{elem_id}-{run.spec['model'].split('/')[-1]}-{run.id}"
                export(context.store, run, Path(folder) / name)
            except SdqvizError as error:
                raise as_toast(error) from error
            # gradio copies it into its own cache, which it cleans (`ui.app`).
            kept = context.store.exports() / name
            return shutil.make_archive(str(kept), "zip", folder, name)

    ask.click(make, shared.run, file, **{**TOLD, "show_progress": "full"}).then(
        None, None, None, js=f"() => document.querySelector('#{elem_id}-file').click()"
    )
