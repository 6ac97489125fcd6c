"""No handler fails with more than a line: what it refuses is a toast, whoever forgot to say so."""

import functools
from collections.abc import Callable
from typing import Any

import gradio as gr

from sdqviz.base.errors import SdqvizError
from sdqviz.ui.context import as_toast


def toast_refusals(page: gr.Blocks) -> None:
    """Every handler's SdqvizError becomes a toast."""
    for block in page.fns.values():
        if block.fn is not None:
            block.fn = _toasting(block.fn)


def _toasting(handler: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(handler)
    def guarded(*values: Any, **named: Any) -> Any:
        try:
            return handler(*values, **named)
        except SdqvizError as error:
            raise as_toast(error) from error

    return guarded
