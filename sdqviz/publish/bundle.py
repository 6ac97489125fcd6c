"""A finished run as a folder of plain files, and back: how runs travel and the demo ships."""

import json
import shutil
from pathlib import Path
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import event_from_row, event_to_row
from sdqviz.results.version import RUN_FORMAT, format_of, is_newer
from sdqviz.store.records import blob_names
from sdqviz.store.runs import DONE, Run
from sdqviz.store.store import Store

RUN_FILE = "run.json"


def export_run(store: Store, run: Run, out: Path) -> Path:
    """Writes run.json and the blobs that its result names into `out`."""
    if run.state != DONE or run.result is None:
        raise SdqvizError(f"run {run.id} is {run.state}", "export a finished run")
    if out.exists() and any(out.iterdir()):
        raise SdqvizError(f"{out} already holds something", "choose an empty or new folder")
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
    return out


def import_run(store: Store, folder: Path) -> str:
    """Takes an exported run into the store (once) and returns its id."""
    row = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    if is_newer(row["result"]):
        raise SdqvizError(
            f"run {row['id']} has format {format_of(row['result'])}, this sdqviz reads up to "
            f"{RUN_FORMAT}",
            "update sdqviz",
        )
    known = {run.id for run in store.runs.list()}
    if row["id"] in known:
        return row["id"]
    events = [body for _, body in row["events"]]
    for name in sorted(blob_names(row["result"]) | blob_names(events)):
        kept = store.blobs.put((folder / name).read_bytes(), name.split(".", 1)[1])
        if kept != name:
            raise SdqvizError(f"{folder / name} is damaged", "export the run again")
    store.runs.add_finished(row)
    taken = [event_from_row(kind, body) for kind, body in row["events"]]
    store.records.append_all(row["id"], taken)
    return row["id"]


def import_demos(store: Store, folder: Path) -> list[str]:
    """Takes in every bundled run under `folder`."""
    return [import_run(store, file.parent) for file in sorted(folder.glob(f"*/{RUN_FILE}"))]
