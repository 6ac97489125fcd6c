"""What a component's event carries, checked: a page may send anything in its place."""

from typing import Any, TypeVar

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.ui.context import as_toast

Value = TypeVar("Value")


def told(event: gr.EventData, name: str, kind: type[Value]) -> Value:
    """The event's value of this name. Raises gr.Error where there is none of this kind."""
    carried: Any = event._data
    value = carried.get(name) if isinstance(carried, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        why = SdqvizError(f"the page's event has no {name}", "reload the page")
        raise as_toast(why)
    return value
