"""Content-addressed files: written to a temporary name, synced, renamed; never changed."""

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sdqviz.base.errors import SdqvizError
from sdqviz.base.writing import keep_whole

_PARTIAL = ".partial-"
_NAME = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,16}")


def is_blob_name(name: str) -> bool:
    """Whether a text is the name of a blob and nothing else: it becomes a file's name."""
    return bool(_NAME.fullmatch(name))


class Blobs:
    """A folder of files named by the SHA-256 of their bytes, plus their suffix."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._whole: dict[str, tuple[int, int]] = {}  # hashed: name -> time and size of the file
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        if not is_blob_name(name):
            raise SdqvizError(
                f"{name[:80]!r} is no name of a blob", "the run is damaged; run it again"
            )
        return self.folder / name[:2] / name

    def put(self, data: bytes, suffix: str) -> str:
        """Keeps the bytes and returns their name, HEX.suffix. Safe against crashes and races."""
        name = f"{hashlib.sha256(data).hexdigest()}.{suffix}"
        if self.is_whole(name):
            self._keep_longer(name)
            return name
        return self.put_file(lambda path: path.write_bytes(data), suffix)

    def put_file(self, write: Callable[[Path], object], suffix: str) -> str:
        """Keeps what `write` puts into the file it is given; larger than memory is fine."""
        try:
            handle, name = tempfile.mkstemp(dir=self.folder, prefix=_PARTIAL)
            os.close(handle)
            partial = Path(name)
            try:
                write(partial)
                with partial.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                target = self.path(f"{digest}.{suffix}")
                target.parent.mkdir(parents=True, exist_ok=True)
                keep_whole(partial, target)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise SdqvizError(
                f"cannot write to {self.folder}: {error.strerror or error}",
                "free disk space or set SDQVIZ_HOME to another folder",
            ) from error
        return target.name

    def get(self, name: str) -> bytes:
        return self.file(name).read_bytes()

    def file(self, name: str) -> Path:
        """The path of a blob that is there, whole. Raises SdqvizError for a damaged one."""
        path = self.path(name)
        if not path.exists():
            raise SdqvizError(f"blob {name} is missing", "the run is damaged; run it again")
        if not self.is_whole(name):
            raise SdqvizError(
                f"blob {name} is damaged: its bytes are not those that were written",
                "run it again: what is damaged is made anew",
            )
        return path

    def is_whole(self, name: str) -> bool:
        """Whether the blob is there with the bytes that its name is the SHA-256 of. A file that
        has not changed is hashed once.
        """
        path = self.path(name)
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                seen = (found.st_mtime_ns, found.st_size)
                if self._whole.get(name) == seen:
                    return True
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return False
        if digest != name.split(".", 1)[0]:
            return False
        self._whole[name] = seen
        return True

    def _keep_longer(self, name: str) -> None:
        """Found again is as good as written now: no one collects it before it is mentioned."""
        path = self.path(name)
        with suppress(OSError):
            os.utime(path)
            found = path.stat()
            self._whole[name] = (found.st_mtime_ns, found.st_size)

    def clear_partial(self, older_than_seconds: float = 3600.0) -> int:
        """Deletes files whose writing was broken off by a crash; returns their bytes."""
        latest, freed = time.time() - older_than_seconds, 0
        for path in self.folder.glob(f"{_PARTIAL}*"):
            with suppress(FileNotFoundError):  # another process clears too, or it was just renamed
                about = path.stat()
                if about.st_mtime <= latest:
                    path.unlink()
                    freed += about.st_size
        return freed

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
