"""How long each stage of a run took: a bar in the order of work, and its legend."""

from html import escape

from sdqviz.base.stage_names import StageNames
from sdqviz.store.runs import ACTIVE, Run
from sdqviz.views.charts.svg import BLUE, ORANGE
from sdqviz.views.runs.card import duration

# Told apart with every kind of colour vision (Okabe and Ito), beside the legend's words.
_COLOURS = (BLUE, "#E69F00", "#009E73", "#CC79A7", ORANGE, "#56B4E9", "#8a8a8a")


def stage_bar(run: Run, seconds: dict[str, float], names: StageNames) -> str:
    """`seconds` of each finished stage, in order; of a run that is worked also where it is now.

    Empty for a run made by a version that noted none.
    """
    if not seconds:
        return ""
    total = sum(seconds.values()) or 1.0
    parts, legend = [], []
    for number, (stage, spent) in enumerate(seconds.items()):
        colour, name = _COLOURS[number % len(_COLOURS)], names.label(stage)
        parts.append(
            f'<i style="flex:{max(spent / total, 0.004):.4f} 0 0;background:{colour}" '
            f'title="{escape(name)}: {duration(spent)}"></i>'
        )
        legend.append(
            f'<span><i style="background:{colour};height:10px"></i>{escape(name)} '
            f"{duration(spent)}</span>"
        )
    if run.state in ACTIVE:
        legend.append(f"<span>now {escape(names.label(run.stage))}</span>")
    told = ", ".join(f"{names.label(s)} {duration(t)}" for s, t in seconds.items())
    return (
        f'<div class="sdq-stages" role="img" aria-label="stages: {escape(told)}">'
        f'{"".join(parts)}</div><div class="sdq-legend">{"".join(legend)}</div>'
    )
