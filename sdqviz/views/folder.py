"""A folder that is written whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sdqviz.base.errors import SdqvizError
from sdqviz.base.places import refuse_occupied


@contextmanager
def new_folder(out: Path, what: str) -> Iterator[Path]:
    """Makes `out` and takes it away again if what writes into it fails.

    Raises SdqvizError when it already holds something or cannot be written; `what` names the
    content in that message.
    """
    refuse_occupied(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        yield out
    except OSError as error:
        shutil.rmtree(out, ignore_errors=True)
        raise SdqvizError(
            f"cannot write {what} to {out}: {error.strerror or error}",
            "free some space or choose another folder",
        ) from error
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise
