"""Runs in words: names for lists, the card of a run in progress, the facts of a finished one."""

import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from sdqviz.base.request import ACTIVATIONS, GENERATE, QUANTIZE, SCORE, WEIGHTS
from sdqviz.store.runs import ACTIVE, DONE, INTERRUPTED, QUEUED, RESUMABLE, Run
from sdqviz.views.terms import term

UNFINISHED = (*ACTIVE, QUEUED)
_OWN = "yours: "

STAGES = {
    "": "starting",
    "record": "recording FP trajectories",
    "calibrate": "calibrating activation ranges",
    "sensitivity": "measuring each layer's sensitivity",
    "influence": "measuring what each timestep matters",
    "distill": "training",
    "pack": "rounding and packing weights",
    "evaluate": "comparing on held-out scenes",
    "score": "scoring its pictures",
}


def run_name(run: Run) -> str:
    """MODEL W4A8, preset, recipe, and when."""
    when = time.strftime("%d %b %H:%M", time.localtime(run.created))
    how = f"{run.spec['preset']} · {run.spec['recipe']}"
    if "arm" in run.spec:
        how = f"ablation: {run.spec['arm']}"
    return f"{run.spec['model']} {bits(run)} · {how} · {when}"


def drawn_by(run: Run) -> str:
    """Recipe, W4A8, preset and when: a run among others of the same model, telling part first."""
    when = time.strftime("%d %b %H:%M", time.localtime(run.created))
    how = run.spec.get("arm") or run.spec["recipe"]
    return f"{how} {bits(run)} · {run.spec['preset']} · {when}"


def short_name(run: Run) -> str:
    """Recipe and preset, or the ablation's arm, and the id's first letters: for columns, marks."""
    how = run.spec.get("arm") or f"{run.spec['recipe']} {run.spec['preset']}"
    return f"{how} · {run.id[:4]}"


def bits(run: Run) -> str:
    """Bits of weights and activations: W4A8; FP activations count as 16."""
    config = run.spec["config"]
    return f"W{config['weight_bits']}A{config['activation_bits'] or 16}"


def is_variant(made: Run) -> bool:
    """Whether what was drawn is of a part of the model alone, or by an engine asked for by name."""
    return bool(made.spec.get("only") or made.spec.get("engine"))


def variant_name(run: Run, made: Run) -> str:
    """What of the run's model drew a variant: W4A16: weights only."""
    weights, activations = bits(run).split("A")
    part, engine = made.spec.get("only"), made.spec.get("engine")
    named = {
        None: bits(run),
        WEIGHTS: f"{weights}A16: weights only",
        ACTIVATIONS: f"W16A{activations}: activations only",
    }.get(part, f"only {part} quantized")
    return f"{named}, engine {engine}" if engine else named


def arithmetic(run: Run) -> str:
    """Whether the run's pictures and seconds are an integer kernel's or a simulation's."""
    assert run.result is not None
    computed = run.result["engine"]["arithmetic"]
    return "integer kernel" if computed == "integer" else computed


def finished(runs: list[Run]) -> list[Run]:
    """The quantize runs to choose from; of an ablation's arms the first seed stands for all."""
    return [
        run
        for run in runs
        if run.kind == QUANTIZE
        and run.state == DONE
        and ("arm" not in run.spec or not run.spec["config"].get("seed"))
    ]


def open_runs(runs: list[Run]) -> list[Run]:
    """Runs that are being worked, wait, or stopped before their end; the oldest first."""
    return [r for r in reversed(runs) if r.state != DONE]


def latest(runs: list[Run]) -> Run | None:
    """The run a user wants to hear of: active, else queued, else the newest that stopped."""
    waiting = open_runs(runs)
    for states in (ACTIVE, (QUEUED,)):
        for run in waiting:
            if run.state in states:
                return run
    newest = max(runs, key=lambda r: r.created, default=None)
    return newest if newest is not None and newest.state in RESUMABLE else None


def run_card(run: Run | None, queued: int, log: list[str]) -> str:
    """The state of one run: stage, bar, time left, what went wrong, last lines of its log."""
    if run is None:
        return '<div class="sdq-card"><p>No job is running.</p></div>'
    only = run.spec.get("only")
    what = f"only {only} quantized" if only else "own prompt, both models"
    if run.spec.get("engine"):
        what = f"by the engine {run.spec['engine']}"
    if run.kind == SCORE:
        what = f"run {run.spec['run'][:4]} by the metrics it lacks"
    elif run.kind != GENERATE:
        names = [run.spec.get("model"), Path(run.spec.get("other", "")).name]  # no whole paths
        what = " with ".join(name for name in names if name)
    percent = 100 * run.progress
    lines = [
        f"<p><b>{escape(run.kind)}</b> {escape(str(what))} "
        f'<span class="sdq-state sdq-{run.state}">{run.state}</span></p>'
    ]
    if run.state in ACTIVE or run.state == QUEUED:
        left = f" · about {duration(run.eta_seconds)} left" if run.eta_seconds else ""
        stage = "waiting for its turn" if run.state == QUEUED else STAGES.get(run.stage, run.stage)
        lines.append(
            f'<div class="sdq-progress" role="progressbar" aria-valuenow="{percent:.0f}" '
            f'aria-valuemin="0" aria-valuemax="100"><i style="width:{percent:.1f}%"></i></div>'
            f"<p>{escape(stage)} · {percent:.0f} %{left}</p>"
        )
    if run.error:
        lines.append(
            f'<p class="sdq-error">{escape(run.error["error"])}<br>'
            f"{escape(run.error.get('hint', ''))}</p>"
        )
    elif run.state == INTERRUPTED:
        lines.append("<p>Its worker stopped. Resume goes on where it was.</p>")
    if queued:
        lines.append(f"<p>{queued} more waiting.</p>")
    if log:
        lines.append(
            f"<details><summary>Log</summary><pre>{escape(chr(10).join(log))}</pre></details>"
        )
    return f'<div class="sdq-card" data-state="{run.state}">{"".join(lines)}</div>'


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def facts(run: Run) -> str:
    """Size, speed and arithmetic of a finished run, each labelled measured or simulated."""
    assert run.result is not None
    result: dict[str, Any] = run.result
    size, seconds, engine = result["size"], result["step_seconds"], result["engine"]
    served = ", ".join(f"{count} layers on {name}" for name, count in engine["layers"].items())
    if engine.get("weight_only") and "weight-only" not in engine["layers"]:
        served += f", {engine['weight_only']} with FP input"
    parts = ", ".join(f"{name} {_mega(count)}" for name, count in size["parts"].items())
    cells = (
        ("Network", f"{_mega(size['bytes'])} packed, {_mega(size['fp_bytes'])} in float32"),
        ("Of which", parts),
        ("Bits a weight", f"{size['bits_per_weight']:.2f} with all tables"),
        ("Step", f"{seconds['fp']:.3f} s FP, {seconds['student']:.3f} s {bits(run)} (measured)"),
        ("Arithmetic", f"{engine['arithmetic']}: {served}"),
    )
    if stopped := result.get("stopped_at"):
        ended = f"finished early at step {stopped['step']} of {stopped['of']}"
        cells = (*cells, ("Training", ended))
    return (
        '<dl class="sdq-facts">'
        + "".join(f"<div><dt>{term(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in cells)
        + "</dl>"
    )


def _mega(count: float) -> str:
    return f"{count / 1e6:.1f} MB"


def is_own(label: str) -> bool:
    """Whether a scene's label says that a visitor asked for it."""
    return label.startswith(_OWN)


def generated(run: Run, runs: Sequence[Run]) -> list[Run]:
    """What was drawn with a run's models since."""
    return [r for r in runs if r.kind == GENERATE and r.state == DONE and r.spec["run"] == run.id]


def worst_first(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of scenes by their FLIP, which needs no download, the largest first."""
    return sorted(rows, key=lambda row: -row["metrics"]["flip"])


def scenes_of(run: Run, runs: list[Run]) -> dict[str, dict[str, Any]]:
    """Label -> scene row: the run's held-out scenes, the worst by FLIP first, then what was
    generated with it.
    """
    rows: dict[str, dict[str, Any]] = {}
    made = [r for r in generated(run, runs) if not is_variant(r)]
    for source, mark in ((run, ""), *((r, _OWN) for r in made)):
        for row in worst_first((source.result or {}).get("scenes", [])):
            name = f"{mark}{row['prompt'][:90]} · seed {row['seed']}"
            if name in rows and rows[name]["id"] != row["id"]:
                scene = row["scene"]
                name += f" · {scene['steps']} steps, guidance {scene['guidance']:g}, "
                name += f"{scene['scheduler']} · {row['id'][:4]}"
            rows.setdefault(name, row)
    return rows
