"""The page: sidebar and tabs."""

from pathlib import Path
from typing import Any

import gradio as gr

from sdqviz import __version__
from sdqviz.base.registry import found
from sdqviz.ui.component import FOLDING
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import PACKAGE, QUIET
from sdqviz.ui.endpoints import build_endpoints
from sdqviz.ui.history import build_history
from sdqviz.ui.opening import Query
from sdqviz.ui.shown import hidden_copies, noting, while_shown
from sdqviz.ui.sidebar import build_sidebar
from sdqviz.ui.tabs.blind.keys import COVER
from sdqviz.ui.toasts import toast_refusals
from sdqviz.views.script import script, style

CSS = (Path(__file__).parent / "style.css").read_text(encoding="utf-8") + style()
HEAD_SCRIPT = f"{script()}\n{COVER}"
HEAD = f"<script>{HEAD_SCRIPT}</script>"
_CACHE_SECONDS = (600, 3600)  # how often gradio's copies of downloads are looked at, their age
# On a narrow screen the open sidebar would cover the pictures, and what goes deeper would bury what
# comes first.
_FOLD = f"""() => {{
  if (window.innerWidth >= 768) return;
  const open = '.sidebar.open .toggle-button, .{FOLDING} > .label-wrap.open';
  for (const toggle of document.querySelectorAll(open)) toggle.click();
}}"""


def build_app(context: AppContext) -> gr.Blocks:
    """The whole app over a context. Theme, CSS and HEAD go to `launch`."""
    with gr.Blocks(
        title="sdqviz", fill_width=True, analytics_enabled=False, delete_cache=_CACHE_SECONDS
    ) as page:
        build_endpoints(context)  # first: their names are their own
        tabs = gr.Tabs(render=False)
        with gr.Sidebar(width=340):
            shared = build_sidebar(context, tabs)
            gr.Markdown(f"<small>sdqviz {__version__}</small>", elem_id="version")
        gr.Markdown(
            "## Do I still get my picture?\n"
            "Stable Diffusion beside itself in 4-bit weights and 8-bit activations, "
            "from one noise.",
            elem_id="head",
        )
        ordered = sorted(found(PACKAGE, "TAB").values(), key=lambda t: t.order)
        copies = [hidden_copies() for _ in ordered]
        tabs.render()
        with tabs:
            for tab, own in zip(ordered, copies, strict=True):
                offered = not hasattr(tab, "offered") or tab.offered(context)
                with gr.Tab(tab.label, id=tab.name, render_children=True, visible=offered) as shown:
                    if getattr(tab, "waits", True):
                        tab.build(context, while_shown(tab, ordered, shown, shared, own))
                    else:
                        shown.select(None, js=noting(tab, ordered))
                        tab.build(context, shared)
        names = [tab.name for tab in ordered]
        build_history(context, shared, names)

        def opened(query: Query) -> list[Any]:
            """The tab that the page's address names."""
            wanted = query.get("tab")
            return [gr.Tabs(selected=wanted) if wanted in names else gr.skip()]

        shared.opening.add(opened, [tabs])
        shared.opening.attach(page, **QUIET)
        page.load(None, js=_FOLD)
    toast_refusals(page)
    return page
