"""What answers the page's events, and what each is given: told to the server, which checks it."""

from typing import Any, NamedTuple

import gradio as gr
from gradio.components.api_component import Api

from sdqviz.ui.reads import only_reads


class InputRow(NamedTuple):
    """A kind (`server.events`); what the page never changes: the choices, the ends of a slider."""

    kind: str
    choices: tuple[Any, ...] = ()
    limits: tuple[float, float] | None = None


class HandlerRow(NamedTuple):
    """A handler's name, its inputs, and whether it only reads."""

    name: str
    inputs: tuple[InputRow, ...]
    only_reads: bool


def handlers(page: gr.Blocks) -> dict[int, HandlerRow]:
    """By the number that an event names it with; what runs in the browser alone is left out."""
    changing = {component for block in page.fns.values() for component in block.outputs}
    found = {}
    for index, block in page.fns.items():
        if block.fn is not None:
            inputs = tuple(_input(component, component in changing) for component in block.inputs)
            found[index] = HandlerRow(str(block.api_name), inputs, only_reads(block.fn))
    return found


def _input(component: Any, is_changing: bool) -> InputRow:
    match component:
        case Api():
            return InputRow("any")
        case gr.State():
            return InputRow("kept")
        case gr.Checkbox():
            return InputRow("flag")
        case gr.Slider() if not is_changing:
            return InputRow("number", limits=(component.minimum, component.maximum))
        case gr.Number() | gr.Slider():
            return InputRow("number")
        case gr.Dataset():
            return InputRow("index")
        case gr.Dropdown(multiselect=True):
            return InputRow("texts")
        case gr.Dropdown() | gr.Radio():
            choices = tuple(value for _, value in component.choices)
            kind = "text" if all(isinstance(value, str) for value in choices) else "choice"
            is_open = is_changing or getattr(component, "allow_custom_value", False)
            return InputRow(kind, () if is_open else choices)
        case gr.Textbox() | gr.HTML() | gr.Button():
            return InputRow("text")
    raise TypeError(f"{type(component).__name__}: an input of a kind that no event has yet")
