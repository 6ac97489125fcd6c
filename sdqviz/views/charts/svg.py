"""Small SVG charts that follow the page's colours, light and dark, with a text equivalent."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sdqviz.views.markup import escaped, html, joined
from sdqviz.views.terms import meaning, term

# Okabe and Ito's blue and vermilion: told apart with every kind of colour vision.
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#8a8a8a"
_WIDTH, _HEIGHT = 480, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 10, 14, 40


@dataclass(frozen=True)
class Series:
    """One curve: y values at the positions 0, 1, 2, ..."""

    label: str
    values: Sequence[float]
    colour: str
    dashed: bool = False


def line_chart(
    series: Sequence[Series], x_names: Sequence[str], x_title: str, y_title: str, summary: str
) -> str:
    """Curves on a log scale (all values > 0), one point a step, each with its value on hover."""
    shown = [s for s in series if s.values]
    if not shown:
        return html(
            '<p class="sdq-empty">No curve: the scenes have different numbers of steps.</p>'
        )
    tiny = 1e-12
    values = [max(v, tiny) for s in shown for v in s.values if math.isfinite(v)] or [1.0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    count = max(len(s.values) for s in shown)

    def x(index: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (index / max(1, count - 1))

    def y(value: float) -> float:
        share = (math.log10(max(value, tiny)) - low) / (high - low)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - share)

    parts = [grid_row(_LEFT, _WIDTH - _RIGHT, y(10.0**e), f"1e{e}") for e in range(low, high + 1)]
    every = max(1, round(count / 6))
    for index in range(0, count, every):
        parts.append(label(x(index), _HEIGHT - _BOTTOM + 16, x_names[index], "middle"))
    parts.append(label((_LEFT + _WIDTH) / 2, _HEIGHT - 6, x_title, "middle"))
    for s in shown:
        known = [(i, v) for i, v in enumerate(s.values) if math.isfinite(v)]
        points = " ".join(f"{x(i):.1f},{y(v):.1f}" for i, v in known)
        dash = html(' stroke-dasharray="6 4"') if s.dashed else ""
        parts.append(
            html(
                '<polyline fill="none" stroke="{colour}" stroke-width="2.2"{dash} '
                'points="{points}"/>',
                colour=s.colour,
                dash=dash,
                points=points,
            )
        )
        for i, v in known:
            parts.append(
                html(
                    '<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"><title>{label}, '
                    "{place}: {v:.3g}</title></circle>",
                    x=x(i),
                    y=y(v),
                    colour=s.colour,
                    label=s.label,
                    place=x_names[i],
                    v=v,
                )
            )
    legend = joined(
        html(
            '<span><i style="border-top:3px {line} {colour}"></i>{term}</span>',
            line="dashed" if s.dashed else "solid",
            colour=s.colour,
            term=term(s.label),
        )
        for s in shown
    )
    # Where the page's script draws the timestep cursor (web/core/cursor_line.js).
    area = f"{_LEFT} {_WIDTH - _RIGHT} {_TOP} {_HEIGHT - _BOTTOM} {count}"
    return figure(joined(parts), _WIDTH, _HEIGHT, y_title, legend, summary, area)


def figure(
    body: str,
    width: float,
    height: float,
    y_title: str,
    legend: str,
    summary: str,
    cursor: str = "",
) -> str:
    """A chart's frame: legend in HTML (it wraps), drawing in SVG, `summary` as its alt text.

    `cursor` is "left right top bottom count" of a chart whose x positions are network calls.
    """
    area = html(' data-cursor="{cursor}"', cursor=cursor) if cursor else ""
    title = html(
        '<text x="14" y="{middle:.0f}" text-anchor="middle" fill="currentColor" '
        'font-size="12" transform="rotate(-90 14 {middle:.0f})">{told}</text>',
        middle=height / 2,
        told=_told(y_title),
    )
    return html(
        '<figure class="sdq-figure"><div class="sdq-legend">{legend}</div><svg '
        'viewBox="0 0 {width:.0f} {height:.0f}" role="img"{area} '
        'aria-label="{summary}">{title}{body}</svg></figure>',
        legend=legend,
        width=width,
        height=height,
        area=area,
        summary=summary,
        title=title,
        body=body,
    )


def standalone(drawing: str) -> str:
    """The SVG of a figure as a file of its own, dark on white."""
    start, end = html("<svg "), html("</svg>")
    body = drawing[drawing.index(start) : drawing.index(end) + len(end)]
    alone = html(
        '<svg xmlns="http://www.w3.org/2000/svg" style="color:#222;background:#fff" '
        'font-family="sans-serif" '
    )
    return f"{body.replace(start, alone, 1)}\n"


def grid_row(left: float, right: float, y: float, name: str) -> str:
    """A faint horizontal line with its value at the left."""
    return html(
        '<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" '
        'stroke="currentColor" stroke-opacity="0.15"/>',
        left=left,
        right=right,
        y=y,
    ) + label(left - 6, y + 4, name, "end")


def label(x: float, y: float, text: str, anchor: str, colour: str = "currentColor") -> str:
    return html(
        '<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        'font-size="12">{told}</text>',
        x=x,
        y=y,
        anchor=anchor,
        colour=colour,
        told=_told(text),
    )


def _told(text: str) -> str:
    """Words in a drawing, with their meaning on hover."""
    told = meaning(text)
    return html("{text}<title>{told}</title>", text=text, told=told) if told else escaped(text)
