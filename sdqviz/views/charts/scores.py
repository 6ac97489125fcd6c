"""Scores between their two references: the noise floor and another seed of the same prompt."""

from collections.abc import Mapping

from sdqviz.results.metric import MetricSummary
from sdqviz.results.scene import SceneRow
from sdqviz.views.markup import html, joined
from sdqviz.views.terms import term

MAPS = {
    "flip": "FLIP map",
    "st_lpips": "ST-LPIPS map",
}  # of a scene's pictures; older runs lack some


def score_chips(metrics: Mapping[str, MetricSummary], scene: SceneRow | None = None) -> str:
    """One bar per metric: left end the noise floor, right end another seed.

    With `scene` the scene's own scores and references, else the medians over scenes.
    """

    def scored(name: str, metric: MetricSummary) -> list[float | None]:
        if scene is None:
            return [metric.median, metric.floor, metric.ceiling]
        return [scores.get(name) for scores in (scene.metrics, scene.floor, scene.ceiling)]

    rows = ((m, *scored(name, m)) for name, m in metrics.items() if m.is_measured)
    chips = (
        _chip(metric, value, floor, ceiling, scene is None)
        for metric, value, floor, ceiling in rows
        if value is not None and floor is not None and ceiling is not None
    )
    return html('<div class="sdq-chips">{chips}</div>', chips=joined(chips))


def interval_words(metric: MetricSummary, decimals: int | None = None) -> str:
    """LOW to HIGH of a median over scenes; empty for a single scene, or an older run."""
    ends = metric.interval or ()
    return " to ".join(_written(end) if decimals is None else f"{end:.{decimals}f}" for end in ends)


def _chip(
    metric: MetricSummary, value: float, floor: float, ceiling: float, is_median: bool
) -> str:
    arrow = "higher is better" if metric.higher_is_better else "lower is better"
    mark = "↑" if metric.higher_is_better else "↓"
    head = html(
        '<b>{term}</b> <abbr class="sdq-arrow" title="{arrow}" aria-label="{arrow}">{mark}</abbr>',
        term=term(metric.label),
        arrow=arrow,
        mark=mark,
    )
    sure = interval_words(metric) if is_median else ""
    if sure:
        sure = html(
            '<small title="95 % interval, bootstrap over the scenes"> ({sure})</small>', sure=sure
        )
    place = 50.0
    if ceiling != floor:
        place = 100 * min(max((value - floor) / (ceiling - floor), 0.0), 1.0)
    return html(
        '<div class="sdq-chip" title="{settings}"><div>{head}<span '
        'class="sdq-value">{written}{sure}</span></div><div class="sdq-bar" '
        'role="img" aria-label="{place:.0f} % of the way from the noise floor to '
        'another seed"><i style="left:{place:.1f}%"></i></div><div '
        'class="sdq-ends"><span>{noise} {floor}</span><span>{other} '
        "{ceiling}</span></div></div>",
        settings=metric.settings,
        head=head,
        written=_written(value),
        sure=sure,
        place=place,
        noise=term("noise"),
        floor=_written(floor),
        other=term("other seed"),
        ceiling=_written(ceiling),
    )


def _written(value: float) -> str:
    """Three decimals of what lies between 0 and 1, four of the small, one of decibels."""
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.4f}" if 0 < abs(value) < 0.01 else f"{value:.3f}"
