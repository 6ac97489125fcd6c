"""What answers the page's events, and what each is given: told to the server, which checks it."""

from typing import Any, NamedTuple

import gradio as gr

from sdqviz.ui.reads import only_reads


class HandlerRow(NamedTuple):
    """A handler's name, the kinds of its inputs (`server.events`), and whether it only reads."""

    name: str
    inputs: tuple[str, ...]
    only_reads: bool


def handlers(page: gr.Blocks) -> dict[int, HandlerRow]:
    """By the number that an event names it with; what runs in the browser alone is left out."""
    found = {}
    for index, block in page.fns.items():
        if block.fn is not None:
            inputs = tuple(_kind(component) for component in block.inputs)
            found[index] = HandlerRow(str(block.api_name), inputs, only_reads(block.fn))
    return found


def _kind(component: Any) -> str:
    match component:
        case gr.State():
            return "kept"
        case gr.Checkbox():
            return "flag"
        case gr.Number() | gr.Slider():
            return "number"
        case gr.Dataset():
            return "index"
        case gr.Dropdown(multiselect=True):
            return "texts"
        case gr.Dropdown() | gr.Radio():
            texts = all(isinstance(value, str) for _, value in component.choices)
            return "text" if texts else "choice"
        case gr.Textbox() | gr.HTML() | gr.Button():
            return "text"
    raise TypeError(f"{type(component).__name__}: an input of a kind that no event has yet")
