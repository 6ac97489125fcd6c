"""What the minis' commands share: an error is one line, not a traceback."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from sdqviz.base.errors import SdqvizError


@contextlib.contextmanager
def one_line_errors(parser: argparse.ArgumentParser) -> Iterator[None]:
    """Ends the command with status 2 and the error's text."""
    try:
        yield
    except SdqvizError as error:
        parser.error(str(error))


def needed(path: Path, command: str) -> Path:
    """The path, if it is there.

    Raises:
        SdqvizError: naming the command that makes it.
    """
    if not path.exists():
        raise SdqvizError(f"{path} is absent", f"make it with {command}")
    return path
