"""The page: sidebar and tabs."""

from pathlib import Path

import gradio as gr

from sdqviz.base.registry import found
from sdqviz.ui.context import AppContext
from sdqviz.ui.sidebar import build_sidebar
from sdqviz.ui.tabs.contract import PACKAGE
from sdqviz.views.script import script, style

CSS = (Path(__file__).parent / "style.css").read_text(encoding="utf-8") + style()
HEAD = f"<script>{script()}</script>"
# On a narrow screen the open sidebar would cover the pictures.
_FOLD_SIDEBAR = """() => {
  const toggle = document.querySelector('.sidebar.open .toggle-button');
  if (window.innerWidth < 768 && toggle) toggle.click();
}"""


def build_app(context: AppContext) -> gr.Blocks:
    """The whole app over a context. Theme, CSS and HEAD go to `launch`."""
    with gr.Blocks(title="sdqviz", fill_width=True, analytics_enabled=False) as page:
        tabs = gr.Tabs(render=False)
        with gr.Sidebar(width=340):
            shared = build_sidebar(context, tabs)
        gr.Markdown(
            "## Do I still get my picture?\n"
            "Stable Diffusion in floating point beside itself in 4-bit weights and 8-bit "
            "activations, from the same noise."
        )
        tabs.render()
        with tabs:
            for tab in sorted(found(PACKAGE, "TAB").values(), key=lambda t: t.order):
                with gr.Tab(tab.label, id=tab.name, render_children=True):
                    tab.build(context, shared)
        page.load(None, js=_FOLD_SIDEBAR)
    return page
