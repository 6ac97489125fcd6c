"""A run as plain values, for programs: what the named API answers."""

from collections.abc import Callable
from typing import Any

from sdqviz.results.evaluation import Evaluation
from sdqviz.results.quantize import QuantizedModel
from sdqviz.store.rows import is_complete
from sdqviz.store.run import Run
from sdqviz.views.runs.names import bits, job_name

Address = Callable[[str], str]  # blob name -> where the app serves it, below its own address


def run_row(run: Run, is_theirs: bool) -> dict[str, Any]:
    """{run, name, kind, state, progress, model, recipe, preset, bits, tags, made, own}: `made` in
    seconds since 1970; what a run of its kind has not is null.
    """
    quantizes = "config" in run.spec and is_complete(run)
    return {
        "run": run.id,
        "name": job_name(run),
        "kind": run.kind,
        "state": run.state,
        "progress": round(run.progress, 3),
        "model": run.spec.get("model"),
        "recipe": run.spec.get("recipe"),
        "preset": run.spec.get("preset"),
        "bits": bits(run) if quantizes else None,
        "tags": list(run.tags),
        "made": run.created,
        "own": is_theirs,
    }


def score_rows(run: Run, address: Address) -> dict[str, Any]:
    """{run, metrics, scenes, size}: the medians between their two references, each scene's scores
    and pictures, and the network's bytes where the run quantized one.
    """
    found = run.evaluation
    if not isinstance(found, Evaluation):
        return {"run": run.id, "metrics": {}, "scenes": [], "size": None}
    model = run.quantized_model
    size = None
    if isinstance(model, QuantizedModel):
        size = {"bytes": model.size.bytes, "fp_bytes": model.size.fp_bytes}
    metrics = {
        name: {
            **{"label": metric.label, "median": metric.median, "floor": metric.floor},
            **{"another_seed": metric.ceiling, "better": metric.direction},
            **{"interval": metric.interval, "settings": metric.settings},
        }
        for name, metric in found.metrics.items()
        if metric.is_measured
    }
    return {"run": run.id, "metrics": metrics, "scenes": scene_rows(run, address), "size": size}


def scene_rows(run: Run, address: Address) -> list[dict[str, Any]]:
    """{scene, prompt, seed, scores, pictures: {fp, quantized, and maps by their names}} of each."""
    rows = []
    for row in run.scenes:
        drawn = row.pictures
        blobs = {"fp": drawn.fp, "quantized": drawn.student, **drawn.maps}
        rows.append(
            {
                **{"scene": row.id, "prompt": row.prompt, "seed": row.seed},
                "scores": dict(row.metrics),
                "pictures": {name: address(blob) for name, blob in blobs.items()},
            }
        )
    return rows


def job_row(run: Run, waiting: int, address: Address) -> dict[str, Any]:
    """{job, kind, state, stage, place, progress, eta_seconds, waiting, error, scenes}: `waiting`
    counts the jobs of all that wait; `error` is {error, hint} of one that failed.
    """
    return {
        **{"job": run.id, "kind": run.kind, "state": run.state, "stage": run.stage},
        **{"place": run.place, "progress": round(run.progress, 3)},
        **{"eta_seconds": run.eta_seconds, "waiting": waiting, "error": run.error},
        "scenes": scene_rows(run, address),
    }
