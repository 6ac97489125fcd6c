"""How long each stage of a run took: a bar in the order of work, and its legend."""

from sdqviz.base.stage_names import StageNames
from sdqviz.store.runs import ACTIVE, Run
from sdqviz.views.charts.svg import BLUE, ORANGE
from sdqviz.views.markup import html, joined
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
            html(
                '<i style="flex:{share:.4f} 0 0;background:{colour}" '
                'title="{name}: {duration}"></i>',
                share=max(spent / total, 0.004),
                colour=colour,
                name=name,
                duration=duration(spent),
            )
        )
        legend.append(
            html(
                '<span><i style="background:{colour};height:10px"></i>{name} {duration}</span>',
                colour=colour,
                name=name,
                duration=duration(spent),
            )
        )
    if run.state in ACTIVE:
        legend.append(html("<span>now {label}</span>", label=names.label(run.stage)))
    told = ", ".join(f"{names.label(s)} {duration(t)}" for s, t in seconds.items())
    return html(
        '<div class="sdq-stages" role="img" aria-label="stages: '
        '{told}">{parts}</div><div class="sdq-legend">{legend}</div>',
        told=told,
        parts=joined(parts),
        legend=joined(legend),
    )
