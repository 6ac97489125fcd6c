"""Marks in a plane and the front of those that no other beats, with their names beside them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sdqviz.views.charts.svg import BLUE, GREY, ORANGE, figure, grid_row, label
from sdqviz.views.markup import html, joined

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 74, 16, 18, 46
_LETTER, _LINE = 6.2, 13  # a label's box in pixels, about


@dataclass(frozen=True)
class Mark:
    """A place. `name` tells it from the others; `title` is what hovering says."""

    name: str
    label: str
    title: str
    x: float
    y: float


def front(found: Sequence[Mark], higher: bool) -> list[Mark]:
    """The marks that no other beats: none is as small and as good, and better in one. By x."""
    sign = 1 if higher else -1

    def beaten(mark: Mark) -> bool:
        return any(
            other.x <= mark.x
            and sign * other.y >= sign * mark.y
            and (other.x, other.y) != (mark.x, mark.y)
            for other in found
        )

    return sorted((m for m in found if not beaten(m)), key=lambda m: (m.x, sign * m.y))


def front_chart(
    found: Sequence[Mark],
    references: Mapping[str, float],
    across: str,
    upwards: str,
    higher: bool,
    shown: str,
    legend: str,
    summary: str,
) -> str:
    """SVG of the marks; less is better across, and upwards where not `higher`. `references` are
    dashed lines by their names; `shown` is the name of the mark that stands out, or nothing.
    """
    best = front(found, higher)
    xs = _ticks([m.x for m in found])
    ys = _ticks([*(m.y for m in found), *references.values()])

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - xs[0]) / (xs[-1] - xs[0])

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - ys[0]) / (ys[-1] - ys[0]))

    parts = [grid_row(LEFT, WIDTH - RIGHT, y(t), f"{t:g}") for t in ys]
    parts += [label(x(t), HEIGHT - BOTTOM + 17, f"{t:g}", "middle") for t in xs]
    parts.append(label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, across, "middle"))
    taken = []
    for name, value in references.items():
        parts.append(
            html(
                '<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{grey}" '
                'stroke-width="1.5" stroke-dasharray="3 4"/>',
                left=LEFT,
                right=WIDTH - RIGHT,
                y=y(value),
                grey=GREY,
            )
            + label(WIDTH - RIGHT, y(value) - 5, name, "end")
        )
        taken.append(_box(WIDTH - RIGHT, y(value) - 5, name, "end"))
        taken.append((LEFT, y(value) - 1, WIDTH - RIGHT, y(value) + 1))
    path = _steps([(x(m.x), y(m.y)) for m in best], WIDTH - RIGHT)
    drawn = " ".join(f"{px:.1f},{py:.1f}" for px, py in path)
    parts.append(
        html(
            '<polyline fill="none" stroke="{blue}" stroke-width="1.8" points="{drawn}"/>',
            blue=BLUE,
            drawn=drawn,
        )
    )
    for (ax, ay), (bx, by) in pairwise(path):
        taken.append((min(ax, bx), min(ay, by) - 1, max(ax, bx), max(ay, by) + 1))
    places = [(m, x(m.x), y(m.y)) for m in found]
    taken += [(px - 7, py - 7, px + 7, py + 7) for _, px, py in places]
    on_front = {m.name for m in best}
    # The shown run comes last and lies on top; its label is placed first.
    places.sort(key=lambda place: place[0].name == shown)
    parts += [_drawn(m, px, py, m.name in on_front, m.name == shown) for m, px, py in places]
    for mark, px, py in reversed(places):
        parts.append(_named(mark, px, py, taken))
    return figure(joined(parts), WIDTH, HEIGHT, upwards, legend, summary)


def _ticks(values: Sequence[float]) -> list[float]:
    """Round numbers, 1, 2 or 5 apart, that enclose the values."""
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1.0
    raw = span * 1.1 / 5
    power = 10 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    last = max(last, first + 1)
    return [round(i * step, 12) for i in range(first, last + 1)]


def _steps(points: list[tuple[float, float]], right: float) -> list[tuple[float, float]]:
    """The best score for each size or less: level to the next mark, then straight to it."""
    path = [points[0]]
    for before, after in pairwise(points):
        path += [(after[0], before[1]), after]
    return [*path, (right, points[-1][1])]


def _drawn(mark: Mark, x: float, y: float, best: bool, shown: bool) -> str:
    """A diamond for the shown run, else a disc on the front and a ring off it."""
    title = html("<title>{title}</title>", title=mark.title)
    if shown:
        corners = f"{x:.1f},{y - 8:.1f} {x + 8:.1f},{y:.1f} {x:.1f},{y + 8:.1f} {x - 8:.1f},{y:.1f}"
        return html(
            '<polygon points="{corners}" fill="{orange}">{title}</polygon>',
            corners=corners,
            orange=ORANGE,
            title=title,
        )
    disc = html('fill="{blue}"', blue=BLUE)
    ring = html('fill="transparent" stroke="{blue}" stroke-width="2"', blue=BLUE)
    return html(
        '<circle cx="{x:.1f}" cy="{y:.1f}" r="6" {fill}>{title}</circle>',
        x=x,
        y=y,
        fill=disc if best else ring,
        title=title,
    )


def _named(mark: Mark, x: float, y: float, taken: list[tuple[float, ...]]) -> str:
    """The label beside its mark where there is room; without room hovering must do."""
    for dx, dy, anchor in (
        *((11, 4, "start"), (-11, 4, "end"), (8, -9, "start"), (8, 18, "start")),
        *((-8, -9, "end"), (-8, 18, "end"), (0, -13, "middle"), (0, 22, "middle")),
    ):
        box = _box(x + dx, y + dy, mark.label, anchor)
        inside = box[0] > LEFT and box[2] < WIDTH and box[1] > 0 and box[3] < HEIGHT - BOTTOM
        if inside and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            return label(x + dx, y + dy, mark.label, anchor)
    return ""


def _box(x: float, y: float, text: str, anchor: str) -> tuple[float, ...]:
    """About where a label lies: left, top, right, bottom."""
    long = _LETTER * len(text)
    left = x - {"start": 0.0, "middle": long / 2, "end": long}[anchor]
    return left, y - _LINE + 3, left + long, y + 3


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
