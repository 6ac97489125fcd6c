"""Scores between their two references: the noise floor and another seed of the same prompt."""

from html import escape
from typing import Any

from sdqviz.views.terms import term


def score_chips(metrics: dict[str, dict[str, Any]], scene: dict[str, Any] | None = None) -> str:
    """One bar per metric: left end the noise floor, right end another seed.

    With `scene` the scene's own scores and references, else the medians over scenes.
    """

    def scored(name: str) -> list[float | None]:
        if scene is None:
            return [metrics[name][k] for k in ("median", "floor", "ceiling")]
        return [scene[k][name] for k in ("metrics", "floor", "ceiling")]

    # What there is comes first.
    names = sorted(metrics, key=lambda name: scored(name)[0] is None)
    chips = (_chip(metrics[name], *scored(name)) for name in names)
    return f'<div class="sdq-chips">{"".join(chips)}</div>'


def _chip(
    metric: dict[str, Any], value: float | None, floor: float | None, ceiling: float | None
) -> str:
    arrow = "higher is better" if metric["direction"] == "higher" else "lower is better"
    mark = "↑" if metric["direction"] == "higher" else "↓"
    head = (
        f"<b>{term(metric['label'])}</b> "
        f'<abbr class="sdq-arrow" title="{arrow}" aria-label="{arrow}">{mark}</abbr>'
    )
    if value is None or floor is None or ceiling is None:
        reason = escape(metric["reason"] or "not measured in this run")
        return f'<p class="sdq-chip sdq-absent">{head} {reason}</p>'
    place = 50.0
    if ceiling != floor:
        place = 100 * min(max((value - floor) / (ceiling - floor), 0.0), 1.0)
    return (
        f'<div class="sdq-chip" title="{escape(metric["settings"])}"><div>{head}'
        f'<span class="sdq-value">{_written(value)}</span></div>'
        f'<div class="sdq-bar" role="img" aria-label="{place:.0f} % of the way from the noise '
        f'floor to another seed"><i style="left:{place:.1f}%"></i></div>'
        f'<div class="sdq-ends"><span>{term("noise")} {_written(floor)}</span>'
        f"<span>{term('other seed')} {_written(ceiling)}</span></div></div>"
    )


def _written(value: float) -> str:
    """Three decimals of what lies between 0 and 1, one of decibels."""
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"
