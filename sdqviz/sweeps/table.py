"""Models by recipes: each pair an ordinary quantize run, and the held-out medians of all."""

from collections.abc import Callable, Sequence
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event
from sdqviz.base.request import quantize_request
from sdqviz.runner.catalog import static_catalog
from sdqviz.store.runs import Run
from sdqviz.store.store import Store
from sdqviz.sweeps.reuse import work_all


def table_specs(
    models: Sequence[str], recipes: Sequence[str], preset: str, config: dict[str, Any]
) -> list[dict[str, Any]]:
    """The quantize specs of every pair; a setting that a recipe does not have is left out there."""
    catalog, specs = static_catalog(), []
    known = {r["name"]: {entry["name"] for entry in r["schema"]} for r in catalog["recipes"]}
    unknown = sorted(set(config) - set().union(*(known.get(r, set()) for r in recipes)))
    if unknown or not models or not recipes:
        raise SdqvizError(
            f"no recipe has {unknown[0]!r}" if unknown else "no model or no recipe given",
            "give at least one of each, and settings that one of the recipes has",
        )
    for model in models:
        for recipe in recipes:
            own = {k: v for k, v in config.items() if k in known.get(recipe, config)}
            specs.append(quantize_request(catalog, model, recipe, preset, own))
    return specs


def work_table(
    store: Store, specs: Sequence[dict[str, Any]], see: Callable[[Event], None]
) -> list[dict[str, Any]]:
    """One row per spec, in their order; runs that are there already are not repeated."""
    runs = work_all(store, specs, lambda s: f"{s['model']} with {s['recipe']}", "table", see)
    return [_row(run) for run in runs]


def _row(run: Run) -> dict[str, Any]:
    result = run.quantized
    scores = {
        name: {
            **{"median": score.median, "interval": score.interval},
            **{"floor": score.floor, "ceiling": score.ceiling},
        }
        for name, score in result.measured.items()
    }
    return {
        "run": run.id,
        "model": run.spec["model"],
        "family": result.family,
        "recipe": run.spec["recipe"],
        "scenes": len(result.scenes),
        "metrics": scores,
        "bytes": result.size.bytes,
        "fp_bytes": result.size.fp_bytes,
        "seconds": result.seconds,
        "peak_bytes": result.peak_bytes,
    }
