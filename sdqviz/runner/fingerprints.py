"""What a model's files hold, as one digest: each file is read whole once, and then known again."""

import hashlib
import json
import os
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdqviz.families.components import component_files

_BLOCK_BYTES = 1 << 22
_NAME = "fingerprints.json"
_KEPT = 1000  # files known; the oldest are read anew
_SMALL_BYTES = 1 << 20  # smaller files are read each time


@dataclass(frozen=True)
class Read:
    """So many bytes of all that are to be read."""

    done: int
    total: int


def model_files(path: Path) -> list[Path]:
    """The files that fix what a model computes: of a pipeline folder its components."""
    return component_files(path) if path.is_dir() else [path]


@dataclass(frozen=True)
class Fingerprints:
    """The digests of model files. `folder` keeps them from one process to the next; without one
    every file is read each time.

    A file is taken for the one that was read while its place, size, times and header are the same:
    the time of its last change cannot be set by hand.
    """

    folder: Path | None = None

    def unread(self, path: Path) -> int:
        """How many bytes `digest` would have to read."""
        known = self._known()
        marks = {file: _mark(file) for file in model_files(path)}
        return sum(f.stat().st_size for f, mark in marks.items() if not mark or mark not in known)

    def digest(self, path: Path) -> Iterator[Read | str]:
        """Yields how much is read of the files that must be, and at last 64 hex digits of all:
        those of their names and bytes.
        """
        files = model_files(path)
        known, marks = self._known(), {file: _mark(file) for file in files}
        unknown = [file for file in files if marks[file] is None or marks[file] not in known]
        total = sum(file.stat().st_size for file in unknown)
        done, found = 0, {}
        for file in unknown:
            own = hashlib.sha256()
            with file.open("rb") as opened:
                while block := opened.read(_BLOCK_BYTES):
                    own.update(block)
                    done += len(block)
                    yield Read(done, total)
            found[file] = own.hexdigest()
        whole = hashlib.sha256()
        for file in files:
            whole.update(f"{file.relative_to(path)}\0".encode())
            whole.update((found.get(file) or known[str(marks[file])]).encode())
        new = {mark: found[file] for file in unknown if (mark := marks[file])}
        if new:
            self._keep({**known, **new})
        yield whole.hexdigest()

    def _known(self) -> dict[str, str]:
        """Mark -> digest; a file that was damaged is as good as none."""
        try:
            text = (self.folder / _NAME).read_text(encoding="utf-8") if self.folder else "{}"
            read: Any = json.loads(text)
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}

    def _keep(self, known: dict[str, str]) -> None:
        if self.folder is None:
            return
        latest = dict(list(known.items())[-_KEPT:])
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".fingerprints-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(latest, file)
        os.replace(name, self.folder / _NAME)


def _mark(file: Path) -> str | None:
    """What tells a large file from another one without reading it; None for a small one."""
    real = file.resolve()
    stat = real.stat()
    if stat.st_size < _SMALL_BYTES:
        return None
    facts = (str(real), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    return hashlib.sha256(repr(facts).encode() + _header(real)).hexdigest()


def _header(file: Path) -> bytes:
    """A safetensors file's own, else the first bytes."""
    with file.open("rb") as opened:
        start = opened.read(8)
        (length,) = struct.unpack("<Q", start)
        return start + opened.read(min(length, _BLOCK_BYTES))
