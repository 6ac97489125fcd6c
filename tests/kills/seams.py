"""Places between two steps of a write, where a worker may be told to kill itself.

A file in the home names the seam and how often it is passed before: `state` and `product` are
renames of files that were written whole, `commit` the end of a transaction, each before and after.
Production code knows nothing of it: a worker that the tests start has these functions wrapped.
"""

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sdqviz.store.db import Database

STATE, PRODUCT, COMMIT = "state", "product", "commit"
SEAMS = (STATE, PRODUCT, COMMIT)
_ORDER = "die.json"


def order(home: Path, seam: str, left: int) -> None:
    """The worker of this home dies at a seam, when it was passed `left` times."""
    partial = home / f".{_ORDER}.{os.getpid()}.{threading.get_ident()}"  # the app's, a thread's
    partial.write_text(json.dumps({"seam": seam, "left": left}))
    partial.rename(home / _ORDER)


def revoke(home: Path) -> None:
    (home / _ORDER).unlink(missing_ok=True)


def is_ordered(home: Path) -> bool:
    return (home / _ORDER).exists()


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """How often each seam is passed inside."""
    passed: Counter[str] = Counter()
    with wrapped(passed.update):
        yield passed


@contextmanager
def deadly(home: Path) -> Iterator[None]:
    """Inside the process obeys the orders of its home."""

    one = threading.Lock()  # a worker's heartbeat writes beside its work

    def passing(seams: list[str]) -> None:
        with one:
            obey(seams)

    def obey(seams: list[str]) -> None:
        try:
            told = json.loads((home / _ORDER).read_text())
        except (FileNotFoundError, ValueError):
            return
        if told["seam"] not in seams:
            return
        if told["left"] <= 0:
            revoke(home)
            os.kill(os.getpid(), signal.SIGKILL)
        order(home, told["seam"], told["left"] - 1)

    with wrapped(passing):
        yield


@contextmanager
def wrapped(passing: Any) -> Iterator[None]:
    """`passing([seam])` is called wherever a seam is passed."""
    replace, transaction = os.replace, Database.transaction

    def renamed(source: Any, target: Any, **options: Any) -> None:
        seam = STATE if "scratch" in Path(target).parts else PRODUCT
        passing([seam])
        replace(source, target, **options)
        passing([seam])

    @contextmanager
    def committed(self: Database) -> Iterator[Any]:
        with transaction(self) as sql:
            yield sql
            passing([COMMIT])
        passing([COMMIT])

    os.replace, Database.transaction = renamed, committed  # type: ignore[assignment]
    try:
        yield
    finally:
        os.replace, Database.transaction = replace, transaction  # type: ignore[assignment]
