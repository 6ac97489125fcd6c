"""The ablation's rows as a Markdown table and as a picture."""

from collections.abc import Sequence

from sdqviz.base.events import Event, Scalar
from sdqviz.results.ablation import ArmRow, Spread
from sdqviz.views.charts.curves import Curve, curve_chart, smoothed
from sdqviz.views.charts.svg import BLUE, GREY, ORANGE, figure, label
from sdqviz.views.markup import html, joined, plain_words

_READING = "error above the noise floor, share of RTN static's; bars span the seeds"
_SCORES = (
    *("bits", "arm", "FLIP", "above floor", "of RTN static"),
    *("1 - SSIM above floor", "of RTN static"),
)
_LEARNED = ("ST-LPIPS above floor", "of RTN static")  # where every arm has it
_COSTS = (
    "replay error",
    "samples/s",
    "seconds",
    "peak GB",
)


def ablation_table(rows: Sequence[ArmRow]) -> str:
    """Markdown: medians over seeds of held-out medians, with the seeds' range behind them."""
    learned = all(row.st_lpips_ratio for row in rows)
    columns = (*_SCORES, *(_LEARNED if learned else ()), *_COSTS)
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for row in rows:
        speed = row.samples_per_second
        cells = (
            plain_words(row.bits),
            plain_words(row.arm),
            f"{row.flip.median:.4f}",
            _range(row.flip_over_floor, 4),
            f"**{row.flip_ratio.median:.2f}**",
            _range(row.ssim_over_floor, 5),
            f"**{row.ssim_ratio.median:.2f}**",
            *(_learned(row) if learned else ()),
            _range(row.replay, 5),
            "" if speed is None else f"{speed:.0f}",
            f"{row.seconds:.0f}",
            f"{row.peak_bytes / 1e9:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _learned(row: ArmRow) -> tuple[str, str]:
    assert row.st_lpips_over_floor is not None and row.st_lpips_ratio is not None
    return _range(row.st_lpips_over_floor, 4), f"**{row.st_lpips_ratio.median:.2f}**"


def ablation_curves(events: Sequence[Event], bits: str) -> str:
    """The output error of every trained arm at these bits; the method and its baseline in
    colour. An arm that weighs the timesteps otherwise has another mean, so look at the shapes.
    """
    points: dict[str, list[tuple[int, float]]] = {}
    for event in events:
        if isinstance(event, Scalar) and event.layer and event.layer.endswith(f", {bits}"):
            arm = event.layer.removesuffix(f", {bits}")
            points.setdefault(arm, []).append((event.step, event.value))
    colours = {"full recipe": ORANGE, "serial on teacher": BLUE}
    curves = [
        Curve(arm, smoothed(values, 0.8), colours.get(arm, GREY), muted=arm not in colours)
        for arm, values in points.items()
    ]
    summary = f"Output error on the training batches of {len(curves)} arms at {bits}"
    return curve_chart(curves, "relative squared error", summary)


def _range(spread: Spread, digits: int) -> str:
    middle = f"{spread.median:.{digits}f}"
    if spread.low == spread.high:
        return middle
    return f"{middle} ({spread.low:.{digits}f} to {spread.high:.{digits}f})"


def ablation_plot(rows: Sequence[ArmRow]) -> str:
    """A row per arm: its FLIP (and 1 - SSIM) error above the floor as a share of RTN static's."""
    left, width, step, top = 230, 760, 26, 42
    longest = max(max(r.flip_ratio.high, r.ssim_ratio.high) for r in rows)
    longest = max(1.0, longest)

    def x(value: float) -> float:
        return left + (width - left - 20) * max(0.0, value) / longest

    parts = []
    for index, row in enumerate(rows):
        y = top + step * index
        parts.append(label(left - 10, y + 4, f"{row.arm} · {row.bits}", "end"))
        for spread, colour, shift in ((row.flip_ratio, ORANGE, -4), (row.ssim_ratio, BLUE, 5)):
            parts.append(
                html(
                    '<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" '
                    'stroke="{colour}" stroke-width="3" stroke-opacity="0.45"/><circle '
                    'cx="{median:.1f}" cy="{y}" r="4" fill="{colour}"><title>{arm}: '
                    "{ratio:.2f}</title></circle>",
                    low=x(spread.low),
                    high=x(spread.high),
                    y=y + shift,
                    colour=colour,
                    median=x(spread.median),
                    arm=row.arm,
                    ratio=spread.median,
                )
            )
    height = top + step * len(rows) + 34
    for share in (0.0, 0.5, 1.0):
        place = x(share)
        parts.append(
            html(
                '<line x1="{place:.1f}" x2="{place:.1f}" y1="{top}" y2="{bottom}" '
                'stroke="currentColor" stroke-opacity="0.2"/>',
                place=place,
                top=top - 12,
                bottom=height - 30,
            )
            + label(place, height - 14, f"{share:g}", "middle")
        )
    for place, text, colour in (
        (left, "● FLIP", ORANGE),
        (left + 62, "● 1 - SSIM", BLUE),
        (left + 152, _READING, "currentColor"),
    ):
        parts.append(label(place, 14, text, "start", colour))
    best = min(rows, key=lambda r: r.flip_ratio.median)
    summary = f"{len(rows)} arms; the least error has {best.arm} at {best.bits}"
    return figure(joined(parts), width, height, "", "", summary)
