"""A tab that nobody looks at asks the server for nothing: it follows the page once it is shown."""

import json
from collections.abc import Sequence
from dataclasses import replace

import gradio as gr

from sdqviz.ui.contract import Shared, Tab

# The tab that is shown: chosen on this page, else named by its address, else the first.
_SHOWN = """((names) => {
  const asked = window.sdqvizTab ?? new URLSearchParams(location.search).get('tab');
  return names.includes(asked) ? asked : names[0];
})"""


def hidden_copies() -> tuple[gr.Textbox, ...]:
    """Where a tab keeps the run and the tokens that it shows. Outside of the tab: gradio draws a
    tab's components anew at times, and each would tell of a change then.
    """
    return tuple(gr.Textbox("", visible="hidden") for _ in range(3))


def while_shown(
    tab: Tab,
    tabs: Sequence[Tab],
    shown: gr.Tab,
    shared: Shared,
    own: tuple[gr.Textbox, ...],
) -> Shared:
    """What the tab listens to: the run and the store's tokens as they are while it is shown, and
    as they were when it was hidden. The browser copies them, without a trip to the server.
    """
    names = json.dumps([one.name for one in tabs])
    source = (shared.run, shared.listing, shared.token)
    for now, here in zip(source, own, strict=True):
        copy = f"(now, here) => {_SHOWN}({names}) === '{tab.name}' ? now ?? '' : here ?? ''"
        now.change(None, [now, here], here, js=copy)
    opened = f"(...now) => {{ ({noting(tab, tabs)})(); return now.map((v) => v ?? ''); }}"
    shown.select(None, list(source), list(own), js=opened)
    return replace(shared, run=own[0], listing=own[1], token=own[2])


def noting(tab: Tab, tabs: Sequence[Tab]) -> str:
    """JavaScript that notes which tab is shown, in the address too; the first needs no note."""
    noted = "null" if tab is tabs[0] else f"'{tab.name}'"
    remember = f"window.sdqvizTab = '{tab.name}'"
    return f"() => {{ {remember}; window.sdqviz.address.set({{ tab: {noted} }}); }}"
