"""The benchmark's rows as a Markdown table and as a picture."""

from collections.abc import Sequence
from html import escape
from typing import Any

from sdqviz.views.charts.svg import BLUE, ORANGE, figure, label

_COLUMNS = ("contender", "step, seconds", "spread", "of FP32", "peak GB", "of FP32", "note")
_BASE = "fp32_eager"


def bench_table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: medians with their range, and the share of PyTorch FP32's in the same run."""
    base = next((r for r in rows if r["contender"] == _BASE and r["median_s"]), None)
    lines = [f"| {' | '.join(_COLUMNS)} |", "|" + "---|" * len(_COLUMNS)]
    for row in rows:
        if row["median_s"] is None:
            cells: tuple[str, ...] = (row["label"], "", "", "", "", "", row["note"])
        else:
            cells = (
                row["label"],
                f"**{row['median_s']:.3f}**",
                f"{row['min_s']:.3f} to {row['max_s']:.3f}",
                _share(row, base, "median_s"),
                f"{row['peak_bytes'] / 1e9:.2f}",
                _share(row, base, "peak_bytes"),
                row["note"],
            )
        lines.append(f"| {' | '.join(cells)} |")
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
            f'<rect x="{left}" y="{y}" width="{x(row["median_s"]) - left:.1f}" height="16" '
            f'fill="{colour}"><title>{escape(row["label"])}: {row["median_s"]:.3f} s</title></rect>'
            f'<line x1="{x(row["min_s"]):.1f}" x2="{x(row["max_s"]):.1f}" y1="{y + 8}" '
            f'y2="{y + 8}" stroke="currentColor" stroke-width="2"/>'
        )
        parts.append(label(x(row["max_s"]) + 8, y + 12, f"{row['median_s']:.3f} s", "start"))
    height = top + step * len(measured) + 10
    fastest = min(measured, key=lambda r: r["median_s"], default=None)
    summary = f"{len(measured)} contenders" + (f"; fastest {fastest['label']}" if fastest else "")
    return figure("".join(parts), width, height, "", "", summary)


def _share(row: dict[str, Any], base: dict[str, Any] | None, key: str) -> str:
    return "" if base is None else f"{row[key] / base[key]:.2f}"
