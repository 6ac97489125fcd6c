"""The page's own JavaScript and CSS: the same text in the app and in the static report."""

import json
from functools import cache
from pathlib import Path

from sdqviz.views.terms import TERMS

FOLDER = Path(__file__).parent / "web"
# Folder -> its files; in the order of their needs, so that none names what a later one makes.
SCRIPTS = {
    "core": (
        *("dom", "terms", "address", "cursor", "cursor_line", "cursor_slider", "chosen_layer"),
    ),
    "charts": ("line_chart",),
    "viewer": ("view", "pixels", "frame", "pointer", "viewer"),
    "histogram": ("axes", "views", "histogram"),
    "timeline": ("timeline", "culprits"),
    "gallery": ("gallery",),
    "layers": ("sheet", "map", "table", "layers"),
}
REPORT_SCRIPTS = {"report": ("report",)}  # after the others
STYLES = ("charts", "viewer")
REPORT_STYLES = ("report",)  # before the others: stands in for gradio's


@cache
def script() -> str:
    """All of the JavaScript, joined, after the meanings of the words that it writes."""
    return f"window.sdqvizTerms = {json.dumps(TERMS)};\n" + _scripts(SCRIPTS)


@cache
def report_script() -> str:
    """The same with what shows a static report, which mounts what the others define."""
    return script() + "\n" + _scripts(REPORT_SCRIPTS)


@cache
def style() -> str:
    """The CSS of what the script and `views` make."""
    return _styles(STYLES)


@cache
def page_style() -> str:
    """The whole CSS of the static report, which has no gradio around it."""
    return _styles(REPORT_STYLES) + style()


def _scripts(folders: dict[str, tuple[str, ...]]) -> str:
    files = (FOLDER / folder / f"{name}.js" for folder, names in folders.items() for name in names)
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _styles(names: tuple[str, ...]) -> str:
    return "\n".join((FOLDER / "css" / f"{name}.css").read_text(encoding="utf-8") for name in names)
