"""Models by recipes: each pair an ordinary quantize run, and the held-out medians of all."""

from collections.abc import Callable, Sequence
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event, Log, Progress
from sdqviz.base.request import quantize_request
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import Run
from sdqviz.store.store import Store
from sdqviz.sweeps.reuse import is_worked, work_once


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
    models, pending = ModelCache(store.folder), list(range(len(specs)))
    rows: dict[int, dict[str, Any]] = {}
    while pending:
        see(Progress(stage="table", done=len(rows), total=len(specs)))
        # What another process works on comes last: the command may be started twice.
        place = next((i for i in pending if not is_worked(store, specs[i])), pending[0])
        pending.remove(place)
        spec = specs[place]
        label = f"{spec['model']} with {spec['recipe']}"
        see(Log(message=f"{len(rows) + 1} of {len(specs)}: {label}"))
        rows[place] = _row(work_once(store, spec, label, models, see))
    see(Progress(stage="table", done=len(specs), total=len(specs)))
    return [rows[place] for place in sorted(rows)]


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
