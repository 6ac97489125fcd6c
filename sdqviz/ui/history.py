"""The browser's *back* and *forward*: the page shows again what its address then names."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from sdqviz.ui.component import component
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.runs.listing import typical


def build_history(context: AppContext, shared: Shared, names: Sequence[str]) -> None:
    """Follows the page's address over its tabs, of these names."""
    address = component("went", "went", events=("went",), waits=False)

    @reads
    def went(shown: str | None, event: gr.EventData) -> list[Any]:
        """Updates of [run, scene, layer, tabs]. What is not named is as a first visit has it."""
        asked: Any = event._data if isinstance(event._data, dict) else {}
        words = {k: v for k, v in asked.items() if isinstance(v, str)}
        run = context.finished_run(words.get("run"))
        if run is None:
            return [gr.skip()] * 4
        scene = words.get("scene") or (typical(run.scenes).id if run.scenes else "")
        tab = words.get("tab") if words.get("tab") in names else names[0]
        chosen = gr.skip() if run.id == shown else run.id
        return [chosen, scene, words.get("layer", ""), gr.Tabs(selected=tab)]

    outputs = [shared.chosen, shared.scene, shared.layer, shared.tabs]
    address.went(went, shared.chosen, outputs, **QUIET)
