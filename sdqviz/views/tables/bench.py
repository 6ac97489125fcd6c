"""The benchmark's rows as a Markdown table and as a picture."""

from collections.abc import Sequence
from typing import Any

from sdqviz.views.charts.svg import BLUE, ORANGE, figure, label
from sdqviz.views.markup import html, joined

_COLUMNS = ("contender", "step, seconds", "spread", "of FP32", "peak GB", "of FP32", "note")
_BASE = "fp32_eager"


def bench_table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: medians with their range, and the share of PyTorch FP32's in the same run.

    A row from a run of its own brings that run's shares as `of_fp32` {median_s, peak_bytes}.
    """
    base = next((r for r in rows if r["contender"] == _BASE and r["median_s"]), None)
    shown = len(_COLUMNS) - (not any(row["note"] for row in rows))
    lines = [f"| {' | '.join(_COLUMNS[:shown])} |", "|" + "---|" * shown]
    for row in rows:
        if row["median_s"] is None:
            cells: tuple[str, ...] = (row["label"], "", "", "", "", "", row["note"])
        else:
            cells = (
                row["label"],
                f"**{_seconds(row['median_s'])}**",
                f"{_seconds(row['min_s'])} to {_seconds(row['max_s'])}",
                _share(row, base, "median_s"),
                f"{row['peak_bytes'] / 1e9:.2f}",
                _share(row, base, "peak_bytes"),
                row["note"],
            )
        lines.append(f"| {' | '.join(cells[:shown])} |")
    return "\n".join(lines) + "\n"


def bench_plot(rows: Sequence[dict[str, Any]]) -> str:
    """A bar per contender: the median step, its spread as a line."""
    measured = [row for row in rows if row["median_s"] is not None]
    left, width, step, top = 230, 760, 28, 20
    longest = max((row["max_s"] for row in measured), default=1.0)

    def x(value: float) -> float:
        return left + (width - left - 90) * value / longest

    parts = []
    for index, row in enumerate(measured):
        y = top + step * index
        colour = ORANGE if row["contender"].startswith("w4a8") else BLUE
        parts.append(label(left - 10, y + 12, row["label"], "end"))
        parts.append(
            html(
                '<rect x="{left}" y="{y}" width="{long:.1f}" height="16" '
                'fill="{colour}"><title>{label}: {seconds:.3f} s</title></rect><line '
                'x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" '
                'stroke="currentColor" stroke-width="2"/>',
                left=left,
                y=y,
                long=x(row["median_s"]) - left,
                colour=colour,
                label=row["label"],
                seconds=row["median_s"],
                low=x(row["min_s"]),
                high=x(row["max_s"]),
                middle=y + 8,
            )
        )
        parts.append(label(x(row["max_s"]) + 8, y + 12, f"{row['median_s']:.3f} s", "start"))
    height = top + step * len(measured) + 10
    fastest = min(measured, key=lambda r: r["median_s"], default=None)
    summary = f"{len(measured)} contenders" + (f"; fastest {fastest['label']}" if fastest else "")
    return figure(joined(parts), width, height, "", "", summary)


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _share(row: dict[str, Any], base: dict[str, Any] | None, key: str) -> str:
    if "of_fp32" in row:
        return f"{row['of_fp32'][key]:.2f}"
    return "" if base is None else f"{row[key] / base[key]:.2f}"
