"""All runs: what they were asked, how they ended."""

import time
from typing import Any

import gradio as gr

from sdqviz.ui.context import AppContext
from sdqviz.ui.tabs.contract import Shared

HEADERS = ["run", "kind", "state", "model", "recipe", "preset", "created", "seconds"]


class HistoryTab:
    name, label, order = "history", "Runs", 4

    def build(self, context: AppContext, shared: Shared) -> None:
        gr.Markdown("**All runs**, newest first. Finished ones can be chosen at the left.")
        table = gr.Dataframe(headers=HEADERS, interactive=False, max_height=560, elem_id="history")

        def fill() -> list[list[Any]]:
            return [
                [
                    run.id,
                    run.kind,
                    run.state,
                    run.spec.get("model") or run.spec.get("run"),
                    run.spec.get("recipe", ""),
                    run.spec.get("preset", ""),
                    time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created)),
                    round((run.result or {}).get("seconds", 0), 1),
                ]
                for run in context.store.runs.list()
            ]

        shared.listing.change(fill, None, table, show_progress="hidden", api_visibility="private")


TAB = HistoryTab()
