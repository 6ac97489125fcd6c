"""Quantize specs worked in this process, those whose runs are not there already."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event, Log, Progress
from sdqviz.base.registry import named
from sdqviz.base.request import QUANTIZE
from sdqviz.recipes.contract import PACKAGE as RECIPES
from sdqviz.results.quantize import QuantizeResult
from sdqviz.runner.execute import execute
from sdqviz.runner.models import Loaded, ModelCache
from sdqviz.runner.quantize import made_by
from sdqviz.store.runs import ACTIVE, DONE, QUEUED, RESUMABLE, Run
from sdqviz.store.store import Store


def work_all(
    store: Store,
    specs: Sequence[dict[str, Any]],
    label: Callable[[dict[str, Any]], str],
    stage: str,
    see: Callable[[Event], None],
) -> list[Run]:
    """The finished runs of the specs, in their order, one after the other. The command may be
    started twice: what another process works on comes last. `stage` names the study in progress.
    """
    models, pending = ModelCache(store.folder), list(range(len(specs)))
    runs: dict[int, Run] = {}
    while pending:
        see(Progress(stage=stage, done=len(runs), total=len(specs)))
        place = next((i for i in pending if not _is_worked(store, specs[i])), pending[0])
        pending.remove(place)
        name = label(specs[place])
        see(Log(message=f"{len(runs) + 1} of {len(specs)}: {name}"))
        runs[place] = _work_once(store, specs[place], name, models, see)
    see(Progress(stage=stage, done=len(specs), total=len(specs)))
    return [runs[place] for place in range(len(specs))]


def _is_worked(store: Store, spec: dict[str, Any]) -> bool:
    """Whether another process works on this very spec now."""
    return any(run.spec == spec and run.state in ACTIVE for run in store.runs.list(QUANTIZE))


def _work_once(
    store: Store,
    spec: dict[str, Any],
    label: str,
    models: ModelCache,
    see: Callable[[Event], None],
) -> Run:
    """The finished run of the spec: found, resumed, waited for or worked. label names it in
    errors.
    """
    run = _known(store, spec, models, see)
    if run is not None and run.state == DONE:
        return run
    run_id = store.runs.add(QUANTIZE, spec) if run is None else run.id
    if run is not None and run.state in RESUMABLE:
        store.runs.resume(run_id)
    claimed = store.runs.claim(run_id)
    if claimed is None:
        return _elsewhere(store, run_id)
    if execute(store, claimed, models, see) != DONE:
        failed = store.runs.get(run_id)
        error = failed.error or {"error": f"{label} was stopped", "hint": ""}
        raise SdqvizError(f"{label}: {error['error']}", error.get("hint", ""))
    return _whole(store.runs.get(run_id))


def _whole(run: Run) -> Run:
    if run.quantized_model and run.quantized_model.stopped_at:
        raise SdqvizError(
            f"run {run.id} was finished early, which its spec does not ask for",
            "start the command again: it trains that run anew",
        )
    return run


def _known(
    store: Store, spec: dict[str, Any], models: ModelCache, see: Callable[[Event], None]
) -> Run | None:
    """The newest run of this spec, if this very code would give the same numbers."""
    key = ""
    for step in models.opening(spec):
        if isinstance(step, Loaded):
            key = step.key
        else:
            see(step)
    wanted = made_by(key, named(RECIPES, "RECIPE", spec["recipe"]))
    for run in store.runs.list(QUANTIZE):
        if run.spec == spec and (run.state != DONE or _made_by(run) == wanted):
            return run
    return None


def _made_by(run: Run) -> str | None:
    """Of a finished run; nothing where its result is damaged: it is worked again then."""
    return run.outcome.made_by if isinstance(run.outcome, QuantizeResult) else None


def _elsewhere(store: Store, run_id: str) -> Run:
    """Waits for a run that another process works."""
    while (run := store.runs.get(run_id)).state in (*ACTIVE, QUEUED):
        time.sleep(1.0)
        store.runs.expire()
    if run.state != DONE:
        raise SdqvizError(f"run {run_id} was {run.state} elsewhere", "start the command again")
    return _whole(run)
