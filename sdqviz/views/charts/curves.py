"""Training curves: many lines over optimiser steps, some highlighted, frozen ones marked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from sdqviz.views.charts.svg import GREY, figure, grid_row, label
from sdqviz.views.markup import html, joined
from sdqviz.views.terms import term

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 74, 12, 14, 42


@dataclass(frozen=True)
class Curve:
    """(step, value) points. A muted curve is drawn thin and grey; marks are (step, reason)."""

    name: str
    points: Sequence[tuple[int, float]]
    colour: str = GREY
    muted: bool = False
    marks: Sequence[tuple[int, str]] = field(default_factory=tuple)


def smoothed(points: Sequence[tuple[int, float]], weight: float) -> list[tuple[int, float]]:
    """An exponential moving average without its start-up bias; weight 0 changes nothing."""
    result, average, seen = [], 0.0, 0.0
    for step, value in points:
        average = weight * average + (1 - weight) * value
        seen = weight * seen + (1 - weight)
        result.append((step, average / seen))
    return result


def curve_chart(
    curves: Sequence[Curve], y_title: str, summary: str, *, logarithmic: bool = True
) -> str:
    """All curves on one axis; the highlighted ones last, so that they lie on top."""
    drawn = [c for c in curves if c.points]
    if not drawn:
        return html('<p class="sdq-empty">No curve yet.</p>')
    values = [v for c in drawn for _, v in c.points if not logarithmic or v > 0]
    if not values:
        return html('<p class="sdq-empty">No positive value to draw on a log scale.</p>')
    low, high, ticks = _axis(min(values), max(values), logarithmic)
    last = max(c.points[-1][0] for c in drawn) or 1

    def x(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / last

    def y(value: float) -> float:
        place = math.log10(max(value, 10**low)) if logarithmic else value
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (place - low) / (high - low))

    parts = [grid_row(LEFT, WIDTH - RIGHT, y(t), f"{t:.2g}") for t in ticks]
    for share in (0, 0.25, 0.5, 0.75, 1):
        step = round(share * last)
        parts.append(label(x(step), HEIGHT - BOTTOM + 16, f"{step}", "middle"))
    parts.append(label((LEFT + WIDTH) / 2, HEIGHT - 6, "optimiser step", "middle"))
    for curve in sorted(drawn, key=lambda c: not c.muted):
        parts.append(_line(curve, x, y))
    shown = [c for c in drawn if not c.muted]
    legend = joined(
        html(
            '<span><i style="border-top:3px solid {colour}"></i>{term}</span>',
            colour=c.colour,
            term=term(c.name),
        )
        for c in shown
    )
    if len(shown) < len(drawn):
        legend += html(
            '<span><i style="border-top:2px solid {grey}"></i>the others</span>', grey=GREY
        )
    if any(c.marks for c in drawn):
        legend += html("<span>◆ {term}</span>", term=term("frozen"))
    return figure(joined(parts), WIDTH, HEIGHT, y_title, legend, summary)


def _line(curve: Curve, x, y) -> str:
    points = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in curve.points)
    width, opacity = (1.0, 0.45) if curve.muted else (2.2, 1.0)
    final = curve.points[-1][1]
    parts = [
        html(
            '<polyline fill="none" stroke="{colour}" stroke-width="{width}" '
            'stroke-opacity="{opacity}" points="{points}"><title>{name}: {final:.4g} at '
            "the end</title></polyline>",
            colour=curve.colour,
            width=width,
            opacity=opacity,
            points=points,
            name=curve.name,
            final=final,
        )
    ]
    for step, reason in curve.marks:
        near = min(curve.points, key=lambda p: abs(p[0] - step))
        parts.append(
            html(
                '<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="13" '
                'fill="{colour}">◆<title>{name}, step {step}: {reason}</title></text>',
                x=x(step),
                y=y(near[1]) + 4,
                colour=curve.colour,
                name=curve.name,
                step=step,
                reason=reason,
            )
        )
    return joined(parts)


def _axis(low: float, high: float, logarithmic: bool) -> tuple[float, float, list[float]]:
    """Ends of the axis (exponents when logarithmic) and the values of its grid rows."""
    if logarithmic:
        bottom = math.floor(math.log10(low) * 2) / 2
        top = max(math.ceil(math.log10(high) * 2) / 2, bottom + 0.5)
        halves = round((top - bottom) * 2)
        step = 1 if halves <= 8 else 2
        return bottom, top, [10 ** (bottom + i / 2) for i in range(0, halves + 1, step)]
    top = high if high > 0 else 1.0
    return 0.0, top, [top * i / 4 for i in range(5)]
