"""The measured parts as Markdown."""

from typing import Any


def markdown(results: list[dict[str, Any]]) -> str:
    """A table of the parts, then each part's rows as a table."""
    overview = [
        {
            "part": result["label"],
            "outcome": "right" if result["ok"] else result["error"] or "wrong, see its rows",
            "seconds": result["seconds"],
        }
        for result in results
    ]
    sections = [f"# A GPU measured\n\n{_table(overview)}"]
    sections += [f"## {r['label']}\n\n{_table(r['rows'])}" for r in results if r["rows"]]
    return "\n\n".join(sections) + "\n"


def _table(rows: list[dict[str, Any]]) -> str:
    """The columns are all keys, in the order in which they first come."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [_line(columns), _line(["---"] * len(columns))]
    lines += [_line([_cell(row.get(column, "")) for column in columns]) for row in rows]
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "/")
