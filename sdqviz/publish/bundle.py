"""A finished run as a folder of plain files, and back: how runs travel and the demo ships."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event, event_from_row, event_to_row
from sdqviz.base.places import refuse_occupied, writing
from sdqviz.base.reading import reading
from sdqviz.base.request import KINDS
from sdqviz.results.outcome import read_outcome
from sdqviz.results.version import RUN_FORMAT, format_of
from sdqviz.store.blobs import is_blob_name
from sdqviz.store.records import blob_names
from sdqviz.store.runs import DONE, Run
from sdqviz.store.store import Store

RUN_FILE = "run.json"
RUN_ID = re.compile(r"[0-9a-f]{12}")
_AGAIN = "export the run again"
_NUMBER = int | float
_FIELDS: dict[str, Any] = {
    **{"id": str, "kind": str, "spec": dict, "result": dict, "events": list},
    **{"created": _NUMBER, "started": _NUMBER, "ended": _NUMBER},
}


def export_run(store: Store, run: Run, out: Path) -> Path:
    """Writes run.json and the blobs that its result names into `out`."""
    if run.state != DONE or run.result is None:
        raise SdqvizError(f"run {run.id} is {run.state}", "export a finished run")
    refuse_occupied(out)
    with writing(out):
        _write_run(store, run, out)
    return out


def _write_run(store: Store, run: Run, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    events = [event_to_row(event) for event in store.records.events(run.id)]
    for name in sorted(blob_names(run.result) | blob_names([body for _, body in events])):
        shutil.copyfile(store.blobs.path(name), out / name)
    row: dict[str, Any] = {
        key: getattr(run, key)
        for key in ("id", "kind", "spec", "result", "created", "started", "ended")
    }
    row["events"] = events
    (out / RUN_FILE).write_text(json.dumps(row, separators=(",", ":")) + "\n", encoding="utf-8")


def import_run(store: Store, folder: Path) -> str:
    """Takes an exported run into the store (once) and returns its id."""
    row = _read(folder / RUN_FILE)
    if store.runs.has(row["id"]):
        return row["id"]
    with reading(folder / RUN_FILE, _AGAIN):  # all of it before the first blob is kept
        taken = [_event(kind, body) for kind, body in row["events"]]
        events = [body for _, body in row["events"]]
        names = sorted(blob_names(row["result"]) | blob_names(events))
        read_outcome(row["kind"], row["result"])
        for name in names:
            _blob(folder / name)
    for name in names:
        store.blobs.put(_blob(folder / name), name.split(".", 1)[1])
    store.runs.add_finished(row, taken)
    return row["id"]


def import_demos(store: Store, folder: Path) -> list[str]:
    """Takes in every bundled run under `folder`; none of them is deleted from now on."""
    taken = [import_run(store, file.parent) for file in sorted(folder.glob(f"*/{RUN_FILE}"))]
    store.runs.protect(taken)
    return taken


def _read(file: Path) -> dict[str, Any]:
    """The file's object, its fields there and of their types. The id becomes the name of a folder,
    so it is matched whole.
    """
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SdqvizError(f"{file} cannot be read: {error}", _AGAIN) from error
    result = row.get("result") if isinstance(row, dict) else None
    number = format_of(result) if isinstance(result, dict) else RUN_FORMAT
    if isinstance(number, int) and number > RUN_FORMAT:  # it may have other fields
        raise SdqvizError(
            f"{file} has format {number}, this sdqviz reads up to {RUN_FORMAT}", "update sdqviz"
        )
    if not isinstance(number, int) or isinstance(number, bool):
        raise SdqvizError(f"{file} has a format {str(number)[:40]!r}", _AGAIN)
    wrong = [
        name
        for name, kind in _FIELDS.items()
        if not isinstance(row, dict) or not isinstance(row.get(name), kind)
    ]
    if wrong:
        raise SdqvizError(f"{file} has no {', '.join(wrong)} of the right type", _AGAIN)
    if not RUN_ID.fullmatch(row["id"]):
        raise SdqvizError(f"{file} names a run {row['id'][:40]!r}", _AGAIN)
    if row["kind"] not in KINDS:
        raise SdqvizError(f"{file} is of a kind {row['kind'][:40]!r}", "update sdqviz")
    return row


def _event(kind: Any, body: Any) -> Event:
    try:
        return event_from_row(kind, body)
    except (KeyError, TypeError) as error:
        raise SdqvizError(
            f"the run has an event {str(kind)[:40]!r} like no other", _AGAIN
        ) from error


def _blob(file: Path) -> bytes:
    """The bytes of a blob that are those of its name: a plain file of the bundle itself."""
    if not is_blob_name(file.name) or file.is_symlink() or not file.is_file():
        raise SdqvizError(f"{file} is missing or no plain file", _AGAIN)
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != file.name.split(".", 1)[0]:
        raise SdqvizError(f"{file} is damaged", _AGAIN)
    return data
