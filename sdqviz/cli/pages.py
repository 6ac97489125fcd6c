"""What people read where no --json is asked for: sentences and tables, with units."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_MINUTE, _HOUR = 60.0, 3600.0


def size(count: float | None) -> str:
    """Bytes, as they are said."""
    if count is None:
        return "unknown"
    value, unit = float(count), 0
    while value >= 1000 and unit + 1 < len(_UNITS):
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit < 2 else f"{value:.1f} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    """Seconds, as they are said."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} h"


def moment(when: float) -> str:
    """A time of the clock here."""
    return time.strftime("%d %b %H:%M", time.localtime(when))


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Rows under headers; nothing is cut off: what is long folds."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        made.add_column(header, overflow="fold")
    for row in rows:
        made.add_row(*("" if value is None else str(value) for value in row))
    return made


def scores(metrics: Mapping[str, Mapping[str, Any]]) -> Table:
    """Medians of metrics between their two references."""
    rows = []
    for name, metric in metrics.items():
        if metric.get("median") is None:
            rows.append((name, "", "", "", "", metric.get("reason", "")))
            continue
        interval = metric.get("interval")
        sure = " to ".join(_number(end) for end in interval) if interval else ""
        numbers = [_number(metric.get(which)) for which in ("median", "floor", "ceiling")]
        better = f"{metric['direction']} is better"
        rows.append((name, numbers[0], sure, numbers[1], numbers[2], better))
    return table(("metric", "median", "95 % interval", "noise floor", "other seed", ""), rows)


def quantized(report: Mapping[str, Any]) -> Iterable[RenderableType]:
    """What `quantize` made."""
    yield f"Run {report['run']} is {report['state']} after {duration(report['seconds'])}."
    if report.get("bytes"):
        share = report["bytes"] / report["fp_bytes"]
        yield (
            f"Its network has {size(report['bytes'])}, {share:.2f} of float32; at most "
            f"{size(report['peak_bytes'])} of memory were taken."
        )
    if report.get("out"):
        yield f"The model: {report['out']}"
    yield f"Its scores: sdqviz runs show {report['run'][:6]} · in pictures: sdqviz app"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.4f}"
