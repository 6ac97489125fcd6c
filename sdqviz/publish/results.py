"""The measurements in `assets/results/`, as Markdown made of their JSON.

`python -m sdqviz.publish.results` writes NAME.md beside every NAME.json, and README.md, which sums
them up. A JSON page has `title`, `machine`, `table` (one of `result_tables.TABLES`), the `commands`
that measured it, paragraphs `before` and `after` the table, and `rows` as that command's --json
gives them; or `rows_of`, the bundled run whose result holds them.
"""

import json
from pathlib import Path
from typing import Any

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.publish.result_tables import TABLES, markdown_table
from sdqviz.publish.summary import SUMMARY_COLUMNS, summary_rows

INDEX = "README.md"


def result_pages(assets: Path) -> dict[str, str]:
    """File name -> Markdown of every page of `assets`/results and of their index.

    Raises SdqvizError where a page names a table that there is not.
    """
    pages = {file.stem: read_page(file) for file in sorted((assets / "results").glob("*.json"))}
    texts = {f"{name}.md": _page(page, assets) for name, page in pages.items()}
    return {**texts, INDEX: _index(pages, assets)}


def read_page(file: Path) -> dict[str, Any]:
    """One JSON page, its table known."""
    page = json.loads(file.read_text(encoding="utf-8"))
    if page["table"] not in TABLES:
        raise SdqvizError(
            f"{file.name} has the table {page['table']!r}", f"there is {', '.join(TABLES)}"
        )
    return page


def page_rows(page: dict[str, Any], assets: Path) -> list[dict[str, Any]]:
    """The page's rows: its own, or those of the bundled run that it names."""
    if "rows" in page:
        return page["rows"]
    run = json.loads((assets / "demo" / page["rows_of"] / "run.json").read_text(encoding="utf-8"))
    return run["result"]["rows"]


def _page(page: dict[str, Any], assets: Path) -> str:
    table = TABLES[page["table"]](page_rows(page, assets), assets)
    commands = ["```sh\n" + "\n".join(page["commands"]) + "\n```"] if page["commands"] else []
    parts = [
        f"# {page['title']}",
        *page["before"],
        f"Machine: {page['machine']}.",
        *commands,
        table.rstrip(),
        *page["after"],
    ]
    return "\n\n".join(parts) + "\n"


def _index(pages: dict[str, dict[str, Any]], assets: Path) -> str:
    rows = summary_rows(page_rows(pages["speed"], assets), assets)
    links = [f"- [{page['title']}]({name}.md)" for name, page in pages.items()]
    parts = [
        "# Measurements",
        "Made from the JSON beside them by `python -m sdqviz.publish.results`.",
        f"Machine: {pages['speed']['machine']}.",
        markdown_table(SUMMARY_COLUMNS, rows).rstrip(),
        "\n".join(links),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Writes every page beside its JSON."""
    assets = assets_folder()
    for name, text in result_pages(assets).items():
        (assets / "results" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
