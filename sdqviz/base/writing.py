"""Writing files whole or not at all, and telling of a full disk in one line."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sdqviz.base.errors import SdqvizError

# What the disk makes a writer raise, as numbers of OSError. Errors of safetensors are plain
# Exceptions that tell the number in words.
_OF_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
_IN_WORDS = tuple(f"(os error {number})" for number in _OF_DISK)
_HINT = "free disk space or set SDQVIZ_HOME to another folder; a resumed run keeps what it finished"


def disk_error(error: BaseException, what: object = "to the disk") -> SdqvizError | None:
    """The line for an error that a full or broken disk caused; None of any other."""
    if isinstance(error, OSError) and error.errno in _OF_DISK:
        return SdqvizError(f"cannot write {error.filename or what}: {error.strerror}", _HINT)
    if type(error).__name__ == "SafetensorError" and any(w in str(error) for w in _IN_WORDS):
        return SdqvizError(f"cannot write {what}: {str(error).splitlines()[0]}", _HINT)
    return None


@contextmanager
def partial_file(partial: Path, target: Path | None = None) -> Iterator[Path]:
    """A file to write: `target`, if given, becomes it when the block ends well; it is gone in any
    case then. A crash leaves the target as it was. Raises SdqvizError where the disk is full.
    """
    try:
        yield partial
        if target is not None:
            keep_whole(partial, target)
    except Exception as error:
        told = disk_error(error, partial)
        if told is None:
            raise
        raise told from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def keep_whole(partial: Path, target: Path) -> None:
    """Renames a file once all of it is on the disk, so that a power cut leaves one or the other."""
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(partial, target)
    with suppress(OSError):  # not every system opens folders
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def own_partial(target: Path) -> Path:
    """Where this process writes what will be `target`: no other process writes there."""
    return target.with_name(f"{target.name}.partial-{os.getpid()}")


def clear_partials(folder: Path) -> None:
    """Deletes what processes that were killed left half written."""
    for left in folder.glob("*.partial*"):
        with suppress(OSError):
            left.unlink()
