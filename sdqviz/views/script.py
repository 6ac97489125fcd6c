"""The page's own JavaScript and CSS: the same text in the app and in the static report."""

import json
from functools import cache
from pathlib import Path

from sdqviz.views.terms import TERMS

FOLDER = Path(__file__).parent / "web"
# In the order of their needs; each adds to `window.sdqviz`.
_FILES = (
    *("core.js", "terms.js", "address.js", "cursor.js", "cursor_line.js", "cursor_slider.js"),
    *("chosen_layer.js", "charts.js"),
    *("view.js", "pixels.js", "viewer_parts.js", "viewer_input.js", "viewer.js"),
    *("histogram_axes.js", "histogram_views.js"),
    *("timeline.js", "culprits.js", "histogram.js", "gallery.js"),
    *("layer_sheet.js", "layer_map.js", "layer_table.js", "layers.js"),
)


@cache
def script() -> str:
    """All of the JavaScript, joined, after the meanings of the words that it writes."""
    texts = ((FOLDER / name).read_text(encoding="utf-8") for name in _FILES)
    return "\n".join((f"window.sdqvizTerms = {json.dumps(TERMS)};", *texts))


@cache
def style() -> str:
    """The CSS of what the script and `views` make."""
    names = ("charts.css", "workbench.css")
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


@cache
def page_style() -> str:
    """The whole CSS of the static report, which has no gradio around it."""
    return (FOLDER / "report.css").read_text(encoding="utf-8") + style()
