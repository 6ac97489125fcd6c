"""Places that a user said: whatever the system refuses of them is one line."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sdqviz.base.errors import SdqvizError


def place(name: str | Path) -> Path:
    """The path with its ~ replaced, whether or not something is there. Raises SdqvizError for what
    no path can be, or must not be looked at.
    """
    try:
        path = Path(name).expanduser()
        with suppress(FileNotFoundError, NotADirectoryError):
            path.stat()
    except (OSError, ValueError, RuntimeError) as error:  # the last: ~ of an unknown user
        why = getattr(error, "strerror", None) or error
        raise SdqvizError(f"{str(name)!r} is no path here: {why}", "give another") from error
    return path


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Raises SdqvizError where the place cannot be looked at or written to."""
    try:
        yield
    except OSError as error:
        raise SdqvizError(
            f"cannot write {str(target)[:200]}: {error.strerror or error}",
            "free some space or choose another place",
        ) from error
    except ValueError as error:
        if "null" not in str(error):
            raise
        raise SdqvizError(f"{str(target)[:200]!r} is no path", "choose another place") from error


def refuse_occupied(out: Path, what: str = "folder") -> None:
    """Asked before the work starts, so that nobody waits for a refusal."""
    with writing(out):
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise SdqvizError(f"{out} already holds something", f"choose an empty or new {what}")
