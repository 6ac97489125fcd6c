"""All finished runs as one table whose numbers sort as numbers and show fixed decimals."""

import time
from dataclasses import dataclass
from typing import Any

from sdqviz.store.runs import Run
from sdqviz.views.runs.names import arithmetic, bits

_SCORES = {"flip": 3, "ssim": 4, "psnr": 1, "lpips": 3}  # decimals


@dataclass(frozen=True)
class Column:
    """Its header with unit and direction, its type (str or number) and its width in pixels."""

    header: str
    kind: str = "number"
    width: int = 92


COLUMNS = (
    Column("run", "str", 124),  # first: whoever selects a row finds its id there
    Column("model", "str", 110),
    Column("recipe", "str", 140),
    Column("preset", "str", 96),
    Column("bits", "str", 76),
    Column("FLIP ↓"),
    Column("SSIM ↑"),
    Column("PSNR dB ↑", width=104),
    Column("LPIPS ↓"),
    Column("packed MB", width=104),
    Column("% of FP size", width=112),
    Column("FP step s", width=98),
    Column("quantized step s", width=136),
    Column("arithmetic", "str", 124),
    Column("job s", width=84),
    Column("peak GB"),
    Column("when", "str", 148),
)


def run_table(runs: list[Run]) -> dict[str, Any]:
    """{headers, data, metadata}: per run and column the value to sort by and the text shown."""
    rows = [_row(run) for run in runs if run.result is not None]
    return {
        "headers": [column.header for column in COLUMNS],
        "data": [[value for value, _ in row] for row in rows],
        "metadata": {"display_value": [[text for _, text in row] for row in rows]},
    }


def _row(run: Run) -> list[tuple[Any, str]]:
    result: dict[str, Any] = run.result or {}
    size, seconds = result["size"], result["step_seconds"]
    recipe = run.spec["recipe"] + (f" ({run.spec['arm']})" if "arm" in run.spec else "")
    scores = [_score(result["metrics"].get(name), _SCORES[name]) for name in _SCORES]
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created))
    return [
        _text(run.id),
        _text(run.spec["model"]),
        _text(recipe),
        _text(run.spec["preset"]),
        _text(bits(run)),
        *scores,
        _number(size["bytes"] / 1e6, 1),
        _number(100 * size["bytes"] / size["fp_bytes"], 1),
        _number(seconds["fp"], 3),
        _number(seconds["student"], 3),
        _text(arithmetic(run)),
        _number(result["seconds"], 0),
        _number(result["peak_bytes"] / 1e9, 2),
        _text(when),
    ]


def _score(metric: dict[str, Any] | None, decimals: int) -> tuple[float | None, str]:
    """The median over the run's held-out scenes; LPIPS with its network, which it depends on."""
    if metric is None or metric["median"] is None:
        return None, ""
    value, text = _number(metric["median"], decimals)
    network = metric["label"].partition("-")[2]
    return value, f"{text} {network}".strip()


def _number(value: float, decimals: int) -> tuple[float, str]:
    return value, f"{value:.{decimals}f}"


def _text(text: str) -> tuple[str, str]:
    return text, text
