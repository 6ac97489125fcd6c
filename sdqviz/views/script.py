"""The page's own JavaScript and CSS: the same text in the app and in the static report."""

import json
from functools import cache
from pathlib import Path

from sdqviz.metrics.magma import COLOURS
from sdqviz.views.terms import TERMS

FOLDER = Path(__file__).parent / "web"
# Folder -> its files, in the order of their needs: none names what a later one declares.
SCRIPTS = {
    "core": (
        *("dom", "words", "terms", "address"),
        *("cursor", "cursor_line", "cursor_slider", "chosen_layer"),
    ),
    "charts": ("svg", "line_chart", "bar_chart"),
    "viewer": (
        *("modes", "magma", "scale_bar", "view", "pixels", "pictures", "panels", "paint"),
        *("answer", "readout", "tools", "stage", "measure", "frame", "pointer", "keys", "viewer"),
    ),
    "histogram": (
        *("axes", "marks", "at_cursor", "over_values", "heat", "over_calls"),
        *("views", "clipped", "histogram"),
    ),
    "timeline": ("timeline", "culprits"),
    "gallery": ("score_plot", "gallery"),
    "layers": (
        *("documents", "colours", "tiles", "field", "map"),
        *("sheet_charts", "sheet", "table", "layers"),
    ),
    "ladder": ("ladder",),
    "toy": ("grid", "numbers", "plots", "toy"),
    "lessons": ("bar", "sheet", "lessons"),
    "blind": ("flip",),
    "page": ("mount", "layout"),
}
APP_SCRIPTS = {"app": ("visitor", "embed")}  # of a page that has a server
REPORT_SCRIPTS = {"report": ("report", "page")}  # after the others
STYLES = (
    *("charts", "tables", "theme", "answer", "viewer", "timeline"),
    *("histogram", "gallery", "layers", "ladder", "leaderboard"),
    *("toy", "lessons", "layout"),
)
REPORT_STYLES = ("report",)  # before the others: stands in for gradio's


@cache
def script() -> str:
    """All of the JavaScript: one function, so that the page around it has none of its names."""
    return _joined(SCRIPTS | APP_SCRIPTS)


@cache
def report_script() -> str:
    """The same with what shows a static report."""
    return _joined(SCRIPTS | REPORT_SCRIPTS)


@cache
def style() -> str:
    """The CSS of what the script and `views` make."""
    return _styles(STYLES)


@cache
def page_style() -> str:
    """The whole CSS of the static report, which has no gradio around it."""
    return _styles(REPORT_STYLES + STYLES)


def _joined(folders: dict[str, tuple[str, ...]]) -> str:
    files = (FOLDER / folder / f"{name}.js" for folder, names in folders.items() for name in names)
    parts = [
        "(() => {",
        "if (window.sdqviz) return; // loaded once more",
        f"const TERMS = {json.dumps(TERMS)};",
        f"const MAGMA = {json.dumps(COLOURS)};",
        *(file.read_text(encoding="utf-8") for file in files),
        "})();",
    ]
    return "\n".join(parts)


def _styles(names: tuple[str, ...]) -> str:
    return "\n".join((FOLDER / "css" / f"{name}.css").read_text(encoding="utf-8") for name in names)
