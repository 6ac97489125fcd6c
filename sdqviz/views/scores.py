"""Scores between their two references: the noise floor and another seed of the same prompt."""

from html import escape
from typing import Any

from sdqviz.views.terms import term


def score_chips(metrics: dict[str, dict[str, Any]], scene: dict[str, Any] | None = None) -> str:
    """One bar per metric: left end the noise floor, right end another seed.

    With `scene` the scene's own scores and references, else the medians over scenes.
    """
    chips = [_chip(name, metric, scene) for name, metric in metrics.items()]
    return f'<div class="sdq-chips">{"".join(chips)}</div>'


def _chip(name: str, metric: dict[str, Any], scene: dict[str, Any] | None) -> str:
    if scene is None:
        value, floor, ceiling = (metric[k] for k in ("median", "floor", "ceiling"))
    else:
        value, floor, ceiling = (scene[k][name] for k in ("metrics", "floor", "ceiling"))
    arrow = "higher is better" if metric["direction"] == "higher" else "lower is better"
    head = f"<b>{term(metric['label'])}</b><small>{arrow}</small>"
    if value is None:
        reason = escape(metric["reason"] or "not measured in this run")
        return f'<div class="sdq-chip"><div>{head}</div><p>{reason}</p></div>'
    place = 50.0
    if ceiling != floor:
        place = 100 * min(max((value - floor) / (ceiling - floor), 0.0), 1.0)
    return (
        f'<div class="sdq-chip" title="{escape(metric["settings"])}"><div>{head}</div>'
        f'<div class="sdq-value">{value:.3f}</div>'
        f'<div class="sdq-bar" role="img" aria-label="{place:.0f} % of the way from the noise '
        f'floor to another seed"><i style="left:{place:.1f}%"></i></div>'
        f'<div class="sdq-ends"><span>{term("noise")} {floor:.3f}</span>'
        f"<span>{term('other seed')} {ceiling:.3f}</span></div></div>"
    )


def region_scores(scores: dict[str, float]) -> str:
    """The scores of a box, computed on the page's request."""
    return (
        f'<p class="sdq-about">In the box: SSIM {scores["ssim"]:.4f} · FLIP {scores["flip"]:.4f} '
        "(means of the whole pictures' maps)</p>"
    )
