"""A run's outcome as the command line and the API give it."""

from typing import Any

from sdqviz.metrics.contract import unavailable
from sdqviz.store.runs import Run


def run_json(run: Run) -> dict[str, Any]:
    """A finished quantize run as the CLI prints it."""
    result = run.result or {}
    size = result.get("size", {})
    return {
        "run": run.id,
        "state": run.state,
        "seconds": result.get("seconds"),
        "peak_bytes": result.get("peak_bytes"),
        "bytes": size.get("bytes"),
        "fp_bytes": size.get("fp_bytes"),
    }


def compare_json(result: dict[str, Any], lpips_net: str = "") -> dict[str, Any]:
    """An evaluation as the CLI prints it; `unavailable` says why a metric is not in it."""
    engines = result["engine"]["layers"]
    return {
        "engine": next(iter(engines)) if len(engines) == 1 else engines,
        "arithmetic": result["engine"]["arithmetic"],
        "scenes": [
            {k: row[k] for k in ("id", "prompt", "seed", "metrics")} for row in result["scenes"]
        ],
        "metrics": result["metrics"],
        "unavailable": unavailable(lpips_net),
        "per_step": result["per_step"],
    }
