"""All finished runs as one table whose numbers sort as numbers and show fixed decimals."""

import re
import time
from dataclasses import dataclass
from typing import Any

from sdqviz.results.metric import MetricSummary
from sdqviz.store.runs import Run
from sdqviz.views.charts.scores import interval_words
from sdqviz.views.runs.names import arithmetic, bits

# Headers and decimals; a column is there once a run has that score.
_SCORES = {
    "flip": ("FLIP ↓", 3),
    "ssim": ("SSIM ↑", 4),
    "psnr": ("PSNR dB ↑", 1),
    "st_lpips": ("ST-LPIPS ↓", 4),
    "lpips": ("LPIPS ↓", 3),
    "ssimulacra2": ("SSIMULACRA 2 ↑", 1),
    "cvvdp": ("ColorVideoVDP ↑", 2),
}


@dataclass(frozen=True)
class Column:
    """Its header with unit and direction, its type (str or number) and its width in pixels."""

    header: str
    kind: str = "number"
    width: int = 92


_FIRST = (
    Column("run", "str", 124),  # first: whoever selects a row finds its id there
    Column("model", "str", 110),
    Column("recipe", "str", 140),
    Column("preset", "str", 96),
    Column("bits", "str", 76),
)
_LAST = (
    Column("packed MB", width=104),
    Column("% of FP size", width=112),
    Column("FP step s", width=98),
    Column("quantized step s", width=136),
    Column("arithmetic", "str", 124),
    Column("job s", width=84),
    Column("peak GB"),
    Column("when", "str", 148),
)


def columns(runs: list[Run]) -> list[Column]:
    """The table's columns; of names, tags and scores those that some run has."""
    given = [
        Column(header, "str", width)
        for header, width, has in (
            ("name", 150, any(run.name for run in runs)),
            ("tags", 120, any(run.tags for run in runs)),
        )
        if has
    ]
    middle = [Column(_SCORES[name][0], width=148) for name in _scored(runs)]
    return [*_FIRST, *given, *middle, *_LAST]


def _scored(runs: list[Run]) -> list[str]:
    return [name for name in _SCORES if any(name in run.quantized.measured for run in runs)]


def run_table(runs: list[Run]) -> dict[str, Any]:
    """{headers, data, metadata}: per run and column the value to sort by and the text shown."""
    scored, shown = _scored(runs), columns(runs)
    given = [column.header for column in shown if column.header in ("name", "tags")]
    rows = [_row(run, given, scored) for run in runs]
    return {
        "headers": [column.header for column in shown],
        "data": [[value for value, _ in row] for row in rows],
        "metadata": {"display_value": [[text for _, text in row] for row in rows]},
    }


def _row(run: Run, given: list[str], scored: list[str]) -> list[tuple[Any, str]]:
    result = run.quantized
    size, seconds = result.size, result.step_seconds
    recipe = run.spec["recipe"] + (f" ({run.spec['arm']})" if "arm" in run.spec else "")
    scores = [_score(result.metrics.get(name), _SCORES[name][1]) for name in scored]
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created))
    return [
        _text(run.id),
        _text(run.spec["model"]),
        _text(recipe),
        _text(run.spec["preset"]),
        _text(bits(run)),
        *(_text(run.name if header == "name" else ", ".join(run.tags)) for header in given),
        *scores,
        _number(size.bytes / 1e6, 1),
        _number(100 * size.bytes / size.fp_bytes, 1),
        _number(seconds.fp, 3),
        _number(seconds.student, 3),
        _text(arithmetic(run)),
        _number(result.seconds, 0),
        _number(result.peak_bytes / 1e9, 2),
        _text(when),
    ]


def _score(metric: MetricSummary | None, decimals: int) -> tuple[float | None, str]:
    """The median over the run's held-out scenes with its 95 % interval; LPIPS with its network,
    which it depends on.
    """
    if metric is None or metric.median is None:
        return None, ""
    value, text = _number(metric.median, decimals)
    sure = interval_words(metric, decimals)
    network = re.match(r"LPIPS\W*(\w+)", metric.label)
    words = (text, f"({sure})" if sure else "", network[1] if network else "")
    return value, " ".join(word for word in words if word)


def _number(value: float, decimals: int) -> tuple[float, str]:
    return value, f"{value:.{decimals}f}"


def _text(text: str) -> tuple[str, str]:
    return text, text
