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


def while_shown(tab: Tab, tabs: Sequence[Tab], shown: gr.Tab, shared: Shared) -> Shared:
    """What the tab listens to: the run and the store's tokens as they are while it is shown, and
    as they were when it was hidden. The browser copies them, without a trip to the server.
    """
    names = json.dumps([one.name for one in tabs])
    source = (shared.run, shared.listing, shared.token)
    own = tuple(gr.Textbox(visible="hidden") for _ in source)
    for now, here in zip(source, own, strict=True):
        copy = f"(now, here) => {_SHOWN}({names}) === '{tab.name}' ? now : here"
        now.change(None, [now, here], here, js=copy)
    noted = "null" if tab is tabs[0] else f"'{tab.name}'"
    opened = f"""(...now) => {{
      window.sdqvizTab = '{tab.name}';
      window.sdqviz.address.set({{ tab: {noted} }});
      return now;
    }}"""
    shown.select(None, list(source), list(own), js=opened)
    return replace(shared, run=own[0], listing=own[1], token=own[2])
