"""The store: one folder with the database and the blobs."""

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from sdqviz.store.answers import Answers
from sdqviz.store.blobs import Blobs
from sdqviz.store.db import Database
from sdqviz.store.records import Records
from sdqviz.store.runs import DONE, Runs

_SCRATCH, _EXPORTS = "scratch", "exports"
_EXPORT_SECONDS = 600.0  # that a download may take to be copied


class Store:
    """`runs`, `records`, `answers` and `blobs` of one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "store.sqlite"
        database = Database(self.file)
        self.blobs = Blobs(folder / "blobs")
        self.runs = Runs(database)
        self.records = Records(database, self.blobs)
        self.answers = Answers(database)

    def scratch(self, run_id: str) -> Path:
        """Unfinished work of one run, such as a training's state."""
        folder = self.folder / _SCRATCH / run_id
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def exports(self) -> Path:
        """A folder of its own for a file that a visitor downloads now. Those of before are deleted:
        the app has handed them out.
        """
        folder = self.folder / _EXPORTS
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            with suppress(FileNotFoundError):
                if old.stat().st_mtime < time.time() - _EXPORT_SECONDS:
                    shutil.rmtree(old, ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=folder))

    def clear_scratch(self) -> int:
        """Deletes the unfinished work of runs that are done or gone; returns the bytes. One in the
        bin may be brought back and resumed.
        """
        kept = {run.id for run in (*self.runs.list(), *self.runs.bin()) if run.state != DONE}
        freed = 0
        for folder in (self.folder / _SCRATCH).glob("*"):
            if folder.name not in kept:
                freed += sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
                shutil.rmtree(folder, ignore_errors=True)
        return freed
