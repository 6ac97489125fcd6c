"""Content-addressed files: written to a temporary name, synced, renamed; never changed."""

import hashlib
import os
import tempfile
import time
from pathlib import Path

from sdqviz.base.errors import SdqvizError


class Blobs:
    """A folder of files named by the SHA-256 of their bytes, plus their suffix."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def put(self, data: bytes, suffix: str) -> str:
        """Keeps the bytes and returns their name, HEX.suffix. Safe against crashes and races."""
        name = f"{hashlib.sha256(data).hexdigest()}.{suffix}"
        target = self.path(name)
        if target.exists():
            return name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, partial = tempfile.mkstemp(dir=target.parent, prefix=".partial-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(partial, target)
            except BaseException:
                Path(partial).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise SdqvizError(
                f"cannot write {len(data)} bytes to {self.folder}: {error.strerror or error}",
                "free disk space or set SDQVIZ_HOME to another folder",
            ) from error
        return name

    def get(self, name: str) -> bytes:
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError as error:
            raise SdqvizError(
                f"blob {name} is missing", "the run is damaged; run it again"
            ) from error

    def names(self, older_than_seconds: float = 0.0) -> set[str]:
        """All blobs whose file is at least this old."""
        latest = time.time() - older_than_seconds
        files = (p for p in self.folder.glob("??/*") if not p.name.startswith("."))
        return {p.name for p in files if p.stat().st_mtime <= latest}

    def remove(self, name: str) -> int:
        """Deletes one blob and returns its bytes."""
        path = self.path(name)
        size = path.stat().st_size if path.exists() else 0
        path.unlink(missing_ok=True)
        return size
