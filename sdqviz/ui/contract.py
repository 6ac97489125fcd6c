"""What a tab is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import gradio as gr

from sdqviz.ui.context import AppContext
from sdqviz.ui.notice import Notice
from sdqviz.ui.opening import Opening
from sdqviz.ui.request_form import RequestForm

PACKAGE = "sdqviz.ui.tabs"
# Given the shown run's id: a reload, or a copy of the address, shows the same run.
KEEP_RUN_IN_ADDRESS = "(id) => window.sdqviz.address.set({ run: id })"

# How a change of a page is answered. While choices change, an event may still carry the choice of
# just before: gradio would refuse that with an error and drop the event that waits behind it. So
# nothing is refused, and each handler looks whether what it is given is there.
QUIET: dict[str, Any] = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "preprocess": False,
    "queue": False,  # a read is answered at once: jobs wait in the store, not here
}
TOLD: dict[str, Any] = {**QUIET, "queue": True}  # one that may tell by a toast, which needs a queue


@dataclass(frozen=True)
class Shared:
    """Components outside the tabs that a tab may listen to."""

    run: Any  # the id of the finished run shown
    chosen: gr.Dropdown  # where it is chosen: a tab sets it here
    listing: gr.Textbox  # changes when a run comes, goes or changes its state
    token: gr.Textbox  # changes whenever anything in the store changed: every second of a job
    form: RequestForm  # the Quantize form, for tabs that fill it
    scene: gr.Textbox  # id of the scene that an address or another tab asks to be shown
    layer: gr.Textbox  # name of the layer that an address or another tab asks to be shown
    part: gr.Textbox  # name of the layer that another tab asks to be drawn quantized alone
    tabs: gr.Tabs
    opening: Opening  # what a page does first
    notice: Notice  # what a handler tells that does not queue


class Tab(Protocol):
    name: str
    label: str
    order: int
    # One with `waits = False` follows the page also while it is hidden. One with
    # `offered(context)` stands on the page only where that is true when the app starts.

    def build(self, context: AppContext, shared: Shared) -> None:
        """Adds components and their events to the current gr.Tab."""
        ...


# One render call's outputs, by component.
Updates = dict[Any, Any]
Render = Callable[..., Updates]
