"""A Space without a server: reports. The kind that every account may make."""

from pathlib import Path
from typing import Any

from sdqviz.publish.space.contract import Space
from sdqviz.views.markup import html, joined
from sdqviz.views.report.report import export_report
from sdqviz.views.runs.names import run_name

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 3em auto;
padding: 0 1em; color-scheme: light dark; }}</style>
</head>
<body><main><h1>{title}</h1><ul>{items}</ul></main></body>
</html>
"""


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
        page = html(_PAGE, title=space.title, items=items)
        (out / "index.html").write_text(page, encoding="utf-8")


KIND = StaticSpace()
