"""Size or speed against a score: one mark a run of a model, and the front of the best."""

from collections.abc import Sequence

from sdqviz.store.runs import Run
from sdqviz.views.charts.front import Mark, front, front_chart
from sdqviz.views.charts.svg import BLUE, ORANGE
from sdqviz.views.markup import html
from sdqviz.views.runs.names import arithmetic, bits, short_name

SIZE, STEP = "packed size", "step seconds"
AXES = (SIZE, STEP)
_TITLES = {SIZE: "packed MB (← smaller is better)", STEP: "seconds a step (← faster is better)"}


def marks(runs: Sequence[Run], axis: str, metric: str, settings: str | None = None) -> list[Mark]:
    """A mark for each run that has this score, with these settings: others do not compare."""
    found = []
    for run in runs:
        result = run.quantized
        score = result.metrics.get(metric)
        if score is None or score.median is None or settings not in (None, score.settings):
            continue
        x = result.size.bytes / 1e6 if axis == SIZE else result.step_seconds.student
        where = f"{arithmetic(run)} on {run.spec.get('device', 'cpu')}"
        at = f"{x:.1f} MB" if axis == SIZE else f"{x:.3f} s a step, {where}"
        title = f"{short_name(run)}, {bits(run)}: {at}, {score.label} {score.median:.4f}"
        found.append(Mark(run.id, short_name(run), title, x, score.median))
    return found


def pareto_plot(runs: Sequence[Run], shown: Run, axis: str, metric: str) -> str:
    """The plot over `runs`, which are of the shown run's model, or one line why there is none."""
    scored = shown.quantized.measured.get(metric)
    found = marks(runs, axis, metric, scored.settings) if scored else []
    if scored is None or scored.floor is None or scored.ceiling is None or not found:
        return html('<p class="sdq-empty">not measured in this run</p>')
    references = {"noise floor": scored.floor, "another seed": scored.ceiling}
    best = front(found, scored.higher_is_better)
    direction = "higher ↑" if scored.higher_is_better else "lower ↓"
    summary = (
        f"{len(found)} runs of {shown.spec['model']}, {scored.label} against {axis}; on the "
        f"front: {'; '.join(m.title for m in best)}"
    )
    return front_chart(
        found,
        references,
        _TITLES[axis],
        f"{scored.label} ({direction} is better)",
        scored.higher_is_better,
        shown.id,
        _legend(),
        summary,
    )


def _legend() -> str:
    return html(
        '<span><b style="color:{orange}">◆</b>the shown run</span><span><b '
        'style="color:{blue}">●</b>on the front: no run is smaller or faster and '
        'better</span><span><b style="color:{blue}">○</b>behind it</span>',
        orange=ORANGE,
        blue=BLUE,
    )
