"""A row of runs as a Run. One damaged row must not hide all others: it is a failed run itself."""

import json
from collections.abc import Callable
from typing import Any

from sdqviz.base.request import COMPARE, GENERATE, KINDS, QUANTIZE, SCORE
from sdqviz.results.version import RUN_FORMAT
from sdqviz.store.run import (
    ACTIVE,
    CANCELLED,
    DONE,
    FAILED,
    INTERRUPTED,
    NEWER,
    QUEUED,
    Run,
)

DAMAGED = "damaged"  # the kind of a run whose row cannot be read
_STATES = (QUEUED, *ACTIVE, DONE, FAILED, CANCELLED, INTERRUPTED)
_NUMBER = (int, float)
_MAYBE = (int, float, type(None))
_COLUMNS: dict[str, type | tuple[type, ...]] = {
    **{"id": str, "kind": str, "state": str, "stage": str, "progress": _NUMBER},
    **{"eta_seconds": _MAYBE, "created": _NUMBER, "started": _MAYBE, "ended": _MAYBE},
    **{"attempt": int, "cancel": int, "pid": (int, type(None)), "pid_started": _MAYBE},
    **{"seconds": _MAYBE, "format": (int, type(None)), "visitor": str},
    **{"place": str, "eta_low": _MAYBE, "eta_high": _MAYBE},
    **{"name": str, "tags": str, "deleted": _MAYBE, "dismissed": int},
}
# What lists and names of runs read of a spec, where it is there; a finished run has all of it.
_SPEC: dict[str, type | tuple[type, ...]] = {
    **{"model": str, "recipe": str, "preset": str, "config": dict, "run": str, "other": str},
    **{"arm": str, "only": str, "engine": str, "scenes": list, "device": str, "dtype": str},
    "model_config": (str, type(None)),
}
_NEEDED = {
    QUANTIZE: ("model", "recipe", "preset", "config"),
    GENERATE: ("run",),
    COMPARE: ("model", "other"),
    SCORE: ("run",),
}
_NEEDED_SETTINGS = ("weight_bits", "activation_bits")


def run_of(row: Any, read: Callable[[], dict[str, Any] | None]) -> Run:
    """The run of a row; `read` reads its result when it is asked for."""
    columns = {name: row[name] for name in _COLUMNS}
    spec, error = _read(row["spec"]), _read(row["error"]) if row["error"] else None
    if not _are_right(columns, spec, error):
        return _damaged(row["id"], columns, read)
    if columns["state"] == DONE and (columns["format"] or 0) > RUN_FORMAT:
        columns["state"] = NEWER
    del columns["format"]
    for flag in ("cancel", "dismissed"):
        columns[flag] = bool(columns[flag])
    tags = _read(columns["tags"])
    columns["tags"] = tuple(filter(_is_text, tags)) if isinstance(tags, list) else ()
    return Run(**columns, spec=spec, error=error, read=read)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _read(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return text


def _are_right(columns: dict[str, Any], spec: Any, error: Any) -> bool:
    if not all(isinstance(columns[name], kind) for name, kind in _COLUMNS.items()):
        return False
    if columns["state"] not in _STATES or not isinstance(spec, dict):
        return False
    if error is not None and not (isinstance(error, dict) and isinstance(error.get("error"), str)):
        return False
    return all(isinstance(spec[name], kind) for name, kind in _SPEC.items() if name in spec)


def is_complete(run: Run) -> bool:
    """Whether the spec has what those of its kind have: what a run is chosen and named by."""
    if run.kind not in KINDS or any(name not in run.spec for name in _NEEDED.get(run.kind, ())):
        return False
    if run.kind != QUANTIZE:
        return True
    return all(isinstance(run.spec["config"].get(name), int) for name in _NEEDED_SETTINGS)


def _damaged(run_id: Any, columns: dict[str, Any], read: Callable[[], Any]) -> Run:
    """What is known of a run whose row is damaged: it can be seen, and deleted."""
    hint = f"sdqviz runs delete {run_id}"
    error = {"error": f"the row of run {run_id} is damaged", "hint": hint}
    created = columns["created"] if isinstance(columns["created"], _NUMBER) else 0.0
    return Run(
        id=str(run_id),
        kind=DAMAGED,
        spec={},
        state=FAILED,
        stage="",
        progress=0.0,
        eta_seconds=None,
        read=read,
        error=error,
        created=created,
        started=None,
        ended=None,
        attempt=columns["attempt"] if isinstance(columns["attempt"], int) else 0,
        cancel=False,
        pid=None,
        pid_started=None,
        deleted=columns["deleted"] if isinstance(columns["deleted"], _NUMBER) else None,
    )
