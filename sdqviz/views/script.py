"""The page's own JavaScript and CSS: the same text in the app and in the static report."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "web"
# In the order of their needs; each adds to `window.sdqviz`.
_FILES = (
    *("core.js", "address.js", "cursor.js", "view.js", "pixels.js", "viewer_parts.js"),
    *("viewer_input.js", "viewer.js", "timeline.js", "histogram.js", "gallery.js"),
    "layers.js",
)


@cache
def script() -> str:
    """All of the JavaScript, joined."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in _FILES)


@cache
def style() -> str:
    """The CSS of what the script and `views` make."""
    names = ("charts.css", "workbench.css")
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


@cache
def page_style() -> str:
    """The whole CSS of the static report, which has no gradio around it."""
    return (FOLDER / "report.css").read_text(encoding="utf-8") + style()
