"""The kinds of table a page of measurements may have, each from rows and the assets' folder."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sdqviz.results.ablation import ArmRow
from sdqviz.views.tables.bench import bench_table
from sdqviz.views.tables.models import model_table
from sdqviz.views.training.ablation import ablation_table

Rows = Sequence[dict[str, Any]]


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def figures_table(rows: Rows, assets: Path) -> str:
    """Rows {what, command, figure}: single figures, as they were told."""
    cells = [(row["what"], f"`{row['command']}`", row["figure"]) for row in rows]
    return markdown_table(("what", "command", "figure"), cells)


def bundled_table(rows: Rows, assets: Path) -> str:
    """Rows {metric, digits}: scores of the bundled runs, between the trained one's references."""
    trained, rounded = (bundled_metrics(assets, name) for name in ("fidelity", "round-nearest"))
    cells = []
    for row in rows:
        ours, theirs = trained[row["metric"]], rounded[row["metric"]]
        values = (ours["median"], theirs["median"], ours["floor"], ours["ceiling"])
        shown = [f"{value:.{row['digits']}f}" for value in values]
        cells.append((ours["label"], *shown, ours["direction"]))
    columns = ("metric", "W4A8 `fidelity`", "W4A8 `round_nearest`")
    return markdown_table((*columns, "noise floor", "another seed", "better"), cells)


def bundled_result(assets: Path, name: str) -> dict[str, Any]:
    """The result of the bundled run of mini-sd1 that `name` names."""
    file = assets / "demo" / f"mini-sd1-{name}" / "run.json"
    return json.loads(file.read_text(encoding="utf-8"))["result"]


def bundled_metrics(assets: Path, name: str) -> dict[str, Any]:
    return bundled_result(assets, name)["metrics"]


def minis_table(rows: Rows, assets: Path) -> str:
    """Rows {model, like, parameters, network_parameters}; size and scores are the folder's."""
    cells = []
    for row in rows:
        folder = assets / "models" / row["model"]
        score = json.loads((folder / "score.json").read_text(encoding="utf-8"))
        size = sum(file.stat().st_size for file in folder.rglob("*.safetensors"))
        cells.append(
            (
                f"[{row['model']}](../models/{row['model']}/README.md)",
                row["like"],
                f"{row['parameters'] / 1e6:.1f} M ({row['network_parameters'] / 1e6:.1f} M)",
                f"{size / 1e6:.1f} MB",
                f"{score['retrieval']:.2f}",
                f"{score['colour']:.2f}",
            )
        )
    columns = ("model", "like", "parameters (network)", "file", "retrieval", "colour")
    return markdown_table(columns, cells)


def published_table(rows: Rows, assets: Path) -> str:
    """Rows {family, model, parameters, position_table, packed, sampler}."""
    cells = []
    for row in rows:
        parameters = f"{row['parameters'] / 1e6:,.1f} M"
        if row["position_table"]:
            parameters += f" and {row['position_table'] / 1e6:.1f} M position table"
        packed = f"{row['packed']:.3f}"
        cells.append((f"`{row['family']}`", row["model"], parameters, packed, row["sampler"]))
    columns = ("family", "published model", "parameters", "packed, of float32", "sampler")
    return markdown_table(columns, cells)


TABLES: dict[str, Callable[[Rows, Path], str]] = {
    "figures": figures_table,
    "bundled": bundled_table,
    "minis": minis_table,
    "published": published_table,
    "ablation": lambda rows, assets: ablation_table([ArmRow.from_row(row) for row in rows]),
    "steps": lambda rows, assets: bench_table(rows),
    "models": lambda rows, assets: model_table(rows),
}
