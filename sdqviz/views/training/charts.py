"""A training's history as curves, previews and words."""

from collections.abc import Callable, Sequence

from sdqviz.views.charts.curves import Curve, curve_chart, smoothed
from sdqviz.views.charts.svg import BLUE, ORANGE, Series, line_chart
from sdqviz.views.markup import html, joined
from sdqviz.views.training.history import History

# Okabe and Ito's palette, told apart with every kind of colour vision.
_COLOURS = (ORANGE, BLUE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
TRAIN, TUNE = "training batches", "fixed tune scene (replay)"
KINDS = {TRAIN: "block", TUNE: "replay"}


def loss_chart(seen: History, smoothing: float, logarithmic: bool) -> str:
    """Total loss, output error and the tune scene's output error."""
    lines = (
        ("total loss", "loss", _COLOURS[0]),
        ("output error", "output", _COLOURS[1]),
        ("output error on the tune scene", "tune_output", _COLOURS[2]),
    )
    curves = [
        Curve(title, smoothed(seen.points(name), smoothing if "tune" not in name else 0.0), colour)
        for title, name, colour in lines
    ]
    curves = [curve for curve in curves if curve.points]
    ends = "; ".join(f"{c.name} ends at {c.points[-1][1]:.3g}" for c in curves)
    return curve_chart(curves, "relative squared error", ends, logarithmic=logarithmic)


def block_chart(
    seen: History, kind: str, highlighted: Sequence[str], smoothing: float, logarithmic: bool
) -> str:
    """One curve per block; the highlighted in colour, frozen ones marked with the reason."""
    name = KINDS[kind]
    chosen = [block for block in highlighted if block in seen.blocks]
    curves = []
    for block in seen.blocks:
        lit = block in chosen
        mark = [seen.frozen[block]] if block in seen.frozen else []
        points = smoothed(seen.points(name, block), smoothing if kind == TRAIN else 0.0)
        colour = _COLOURS[chosen.index(block) % len(_COLOURS)] if lit else "#8a8a8a"
        curves.append(Curve(block, points, colour, muted=not lit, marks=mark))
    summary = f"Relative error of {len(seen.blocks)} blocks against the teacher, over the steps"
    return curve_chart(curves, "relative squared error", summary, logarithmic=logarithmic)


def rate_chart(seen: History) -> str:
    """The learning rate's course."""
    curve = Curve("weight rate", seen.points("learning_rate"), BLUE)
    return curve_chart([curve], "share of a code a step", "Learning rate", logarithmic=False)


def influence_chart(seen: History) -> str:
    """What an error at each network call does to the final picture, on average 1."""
    if not seen.influence:
        return html('<p class="sdq-note">This training weighed all timesteps alike.</p>')
    calls = [seen.influence[index] for index in sorted(seen.influence)]
    most = max(calls, key=lambda call: call[1])
    return line_chart(
        [Series("influence on the final picture (measured)", [v for _, v in calls], BLUE)],
        [timestep for timestep, _ in calls],
        "timestep (sampling runs to the right)",
        "relative to the mean",
        f"Influence of an error at each call; the largest is {most[1]:.2g} at timestep {most[0]}",
    )


def frozen_list(seen: History) -> str:
    """Which blocks stopped when and why, in words."""
    if not seen.frozen:
        return html('<p class="sdq-note">No block was frozen.</p>') if seen.blocks else ""
    rows = joined(
        html(
            "<li><b>{block}</b> at step {step}: {reason}</li>",
            block=block,
            step=step,
            reason=reason,
        )
        for block, (step, reason) in sorted(seen.frozen.items(), key=lambda item: item[1][0])
    )
    return html(
        '<p class="sdq-about">Frozen blocks:</p><ul class="sdq-list">{rows}</ul>', rows=rows
    )


def preview_strip(seen: History, address: Callable[[str], str]) -> str:
    """The fixed tune scene as it converges, small and exact, the teacher's picture last.

    address: blob name -> where the page gets it.
    """
    flip = dict(seen.points("tune_flip"))
    shown = [
        (blob, f"step {step}" + (f", FLIP {flip[step]:.3f}" if step in flip else ""))
        for step, blob in sorted(seen.previews.items())
    ]
    if seen.teacher:
        shown.append((seen.teacher, "FP: the goal"))
    if not shown:
        return ""
    figures = joined(
        html(
            '<figure><img src="{address}" alt="tune scene, {caption}" '
            'loading="lazy"><figcaption>{caption}</figcaption></figure>',
            address=address(blob),
            caption=caption,
        )
        for blob, caption in shown
    )
    title = html('<p class="sdq-about">One fixed scene while it learns:</p>')
    return html('{title}<div class="sdq-strip">{figures}</div>', title=title, figures=figures)


def worst_blocks(seen: History, count: int = 3) -> list[str]:
    """The blocks with the largest error at the end: what a first look should show."""
    name = "replay" if seen.curves.get("replay") else "block"
    final = {b: seen.points(name, b)[-1][1] for b in seen.blocks if seen.points(name, b)}
    return sorted(final, key=lambda block: -final[block])[:count]
