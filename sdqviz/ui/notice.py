"""A toast from a handler that does not queue: gradio shows one only of an event that did."""

import json
from typing import Any

import gradio as gr

from sdqviz.views.markup import escaped

NOTHING = ""


class Notice:
    """A hidden box; whoever fills it with `words` tells them."""

    def __init__(self) -> None:
        self.box = gr.Textbox(NOTHING, visible="hidden", elem_id="notice")
        self.box.change(
            _tell,
            self.box,
            None,
            preprocess=False,
            show_progress="hidden",
            api_visibility="private",
        )

    @staticmethod
    def words(text: str, stays: bool = False) -> str:
        """The box's value. stays: until it is closed, else ten seconds."""
        return json.dumps([text, stays])


def _tell(value: Any) -> None:
    try:
        text, stays = json.loads(value)
    except (TypeError, ValueError):
        return
    # gradio shows it as HTML
    gr.Warning(str(escaped(str(text))), duration=None if stays else 10)
