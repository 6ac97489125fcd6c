"""A Space without a server: reports. The kind that every account may make."""

from pathlib import Path
from typing import Any

from sdqviz.publish.space.contract import Space
from sdqviz.views.markup import html, joined
from sdqviz.views.report.report import export_report
from sdqviz.views.runs.names import run_name
from sdqviz.views.whole_page import whole_page

_HEAD = html(
    """<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 3em auto;
padding: 0 1em; color-scheme: light dark; }}</style>"""
)


class StaticSpace:
    name = "static"
    about = "Nothing runs here: every picture and number was made before. Zoom, flip, measure."

    def front(self, space: Space) -> dict[str, Any]:
        return {"sdk": "static", "app_file": "index.html"}

    def write(self, space: Space, out: Path) -> None:
        if len(space.runs) == 1:
            part = out / "report"
            export_report(space.store, space.runs[0], part)
            for path in part.iterdir():
                path.rename(out / path.name)
            part.rmdir()
            return
        for run in space.runs:
            export_report(space.store, run, out / run.id)
        items = joined(
            html('<li><a href="{id}/index.html">{name}</a></li>', id=run.id, name=run_name(run))
            for run in space.runs
        )
        body = html("<h1>{title}</h1><ul>{items}</ul>", title=space.title, items=items)
        page = whole_page(space.title, _HEAD, body)
        (out / "index.html").write_text(page, encoding="utf-8")


KIND = StaticSpace()
