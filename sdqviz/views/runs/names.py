"""A run in words: its names for lists, columns and marks."""

import time

from sdqviz.base.request import ACTIVATIONS, QUANTIZE, WEIGHTS
from sdqviz.store.rows import is_complete
from sdqviz.store.runs import Run


def run_name(run: Run) -> str:
    """The name that it was given, else MODEL W4A8, preset, recipe; and when."""
    when = time.strftime("%d %b %H:%M", time.localtime(run.created))
    if run.name:
        return f"{run.name} · {when}"
    how = f"{run.spec['preset']} · {run.spec['recipe']}"
    if "arm" in run.spec:
        how = f"ablation: {run.spec['arm']}"
    return f"{run.spec['model']} {bits(run)} · {how} · {when}"


def job_name(run: Run) -> str:
    """Any run, also one that is not finished, or damaged: what was asked for, and when."""
    if run.kind == QUANTIZE and is_complete(run):
        return run_name(run)
    when = time.strftime("%d %b %H:%M", time.localtime(run.created))
    scene = run.spec.get("scene")
    what = scene.get("prompt") if isinstance(scene, dict) else None
    what = run.name or what or run.spec.get("model") or run.id
    return f"{run.kind}: {str(what)[:60]} · {when}"


def drawn_by(run: Run) -> str:
    """Recipe, W4A8, preset and when: a run among others of the same model, telling part first."""
    when = time.strftime("%d %b %H:%M", time.localtime(run.created))
    if run.name:
        return f"{run.name} {bits(run)} · {when}"
    how = run.spec.get("arm") or run.spec["recipe"]
    return f"{how} {bits(run)} · {run.spec['preset']} · {when}"


def short_name(run: Run) -> str:
    """Its name, or recipe and preset, or the ablation's arm, and the id's first letters: for
    columns, marks.
    """
    how = run.name[:24] or run.spec.get("arm") or f"{run.spec['recipe']} {run.spec['preset']}"
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
    engine = run.quantized.engine
    return engine.arithmetic if engine.is_simulated else "integer kernel"
