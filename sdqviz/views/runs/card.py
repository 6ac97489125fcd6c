"""The card of a run in progress, and the facts of a finished one."""

from pathlib import Path

from sdqviz.base.request import GENERATE, SCORE
from sdqviz.base.stage_names import StageNames
from sdqviz.store.runs import ACTIVE, INTERRUPTED, QUEUED, Run
from sdqviz.views.markup import html, joined
from sdqviz.views.runs.names import bits
from sdqviz.views.terms import term


def run_card(run: Run | None, queued: int, log: list[str], names: StageNames) -> str:
    """The state of one run: stage, bar, time left, what went wrong, last lines of its log."""
    if run is None:
        return html('<div class="sdq-card"><p>No job is running.</p></div>')
    only = run.spec.get("only")
    what = f"only {only} quantized" if only else "own prompt, both models"
    if run.spec.get("engine"):
        what = f"by the engine {run.spec['engine']}"
    if run.kind == SCORE:
        what = f"run {run.spec.get('run', '')[:4]} by the metrics it lacks"
    elif run.kind != GENERATE:
        sides = [run.spec.get("model"), Path(run.spec.get("other", "")).name]  # no whole paths
        what = " with ".join(side for side in sides if side)
    percent = 100 * run.progress
    lines = [
        html(
            '<p><b>{kind}</b> {what} <span class="sdq-state sdq-{state}">{state}</span></p>',
            kind=run.kind,
            what=what,
            state=run.state,
        )
    ]
    if run.state in ACTIVE or run.state == QUEUED:
        left = time_left(run)
        left = f" · {left}" if left else ""
        stage = "waiting for its turn" if run.state == QUEUED else names.label(run.stage)
        place = f" · {run.place}" if run.place and run.state != QUEUED else ""
        lines.append(
            html(
                '<div class="sdq-progress" role="progressbar" aria-valuenow="{percent:.0f}" '
                'aria-valuemin="0" aria-valuemax="100"><i '
                'style="width:{percent:.1f}%"></i></div><p>{stage}{place} · {percent:.0f} '
                "%{left}</p>",
                percent=percent,
                stage=stage,
                place=place,
                left=left,
            )
        )
    if run.error:
        lines.append(
            html(
                '<p class="sdq-error">{error}<br>{hint}</p>',
                error=run.error["error"],
                hint=run.error.get("hint", ""),
            )
        )
    elif run.state == INTERRUPTED:
        lines.append(html("<p>Its worker stopped. Resume goes on where it was.</p>"))
    if queued:
        lines.append(html("<p>{queued} more waiting.</p>", queued=queued))
    if log:
        lines.append(
            html(
                "<details><summary>Log</summary><pre>{lines}</pre></details>", lines="\n".join(log)
            )
        )
    return html(
        '<div class="sdq-card" data-state="{state}">{lines}</div>',
        state=run.state,
        lines=joined(lines),
    )


def time_left(run: Run) -> str:
    """As "about 5 min left" or "4 min to 6 min left"; empty where it is not known."""
    if not run.eta_seconds:
        return ""
    low, high = (duration(end or run.eta_seconds) for end in (run.eta_low, run.eta_high))
    return f"about {high} left" if low == high else f"{low} to {high} left"


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def facts(run: Run) -> str:
    """Size, speed and arithmetic of a finished run, each labelled measured or simulated."""
    result = run.quantized
    size, seconds, engine = result.size, result.step_seconds, result.engine
    served = ", ".join(f"{count} layers on {name}" for name, count in engine.layers.items())
    if engine.weight_only_beside:
        served += f", {engine.weight_only_beside} with FP input"
    parts = ", ".join(f"{name} {megabytes(count)}" for name, count in size.parts.items())
    cells = (
        ("Network", f"{megabytes(size.bytes)} packed, {megabytes(size.fp_bytes)} in float32"),
        ("Of which", parts),
        ("Bits a weight", f"{size.bits_per_weight:.2f} with all tables"),
        ("Step", f"{seconds.fp:.3f} s FP, {seconds.student:.3f} s {bits(run)} (measured)"),
        ("Arithmetic", f"{engine.arithmetic}: {served}"),
    )
    if stopped := result.stopped_at:
        ended = f"finished early at step {stopped.step} of {stopped.of}"
        cells = (*cells, ("Training", ended))
    rows = (html("<div><dt>{}</dt><dd>{}</dd></div>", term(name), text) for name, text in cells)
    return html('<dl class="sdq-facts">{}</dl>', joined(rows))


def megabytes(count: float) -> str:
    return f"{count / 1e6:.1f} MB"
