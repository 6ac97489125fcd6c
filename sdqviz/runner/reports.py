"""A run's outcome as the command line and the API give it."""

from typing import Any

from sdqviz.metrics.contract import unavailable
from sdqviz.results.drawn import CompareResult
from sdqviz.store.runs import Run


def run_json(run: Run) -> dict[str, Any]:
    """A finished quantize run as the CLI prints it; a helper of a training packed nothing."""
    size = run.quantized_model.size if run.quantized_model else None
    return {
        "run": run.id,
        "state": run.state,
        "seconds": run.seconds,
        "peak_bytes": run.peak_bytes,
        "device_peak_bytes": (run.result or {}).get("device_peak_bytes"),
        "bytes": size.bytes if size else None,
        "fp_bytes": size.fp_bytes if size else None,
    }


def compare_json(result: CompareResult, lpips_net: str = "") -> dict[str, Any]:
    """An evaluation as the CLI prints it; `unavailable` says why a metric is not in it."""
    engines = result.engine.layers
    return {
        "engine": next(iter(engines)) if len(engines) == 1 else engines,
        "arithmetic": result.engine.arithmetic,
        "scenes": [
            {"id": row.id, "prompt": row.prompt, "seed": row.seed, "metrics": row.metrics}
            for row in result.scenes
        ],
        "metrics": {name: metric.as_row() for name, metric in result.metrics.items()},
        "unavailable": unavailable(lpips_net),
        "per_step": result.per_step.as_row(),
    }
