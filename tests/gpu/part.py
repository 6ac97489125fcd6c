"""A part of the measurement, and the process that it runs in.

`python -m tests.gpu.part NAME OUT SECONDS` runs one and writes OUT/NAME.json as it goes.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdqviz.base.registry import found

PACKAGE = "tests.gpu.parts"
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Part:
    """`measure(out, seconds)` yields the rows so far again and again, so that what was measured
    stays when the time is up; it raises, or has a row with a false `ok`, where something is wrong.
    """

    name: str
    label: str
    order: int  # by worth, the most worth first
    seconds: float  # its time limit
    measure: Callable[[Path, float], Iterator[list[Row]]]


def parts() -> list[Part]:
    return sorted(found(PACKAGE, "PART").values(), key=lambda part: part.order)


def write(out: Path, part: Part, **state: Any) -> None:
    """The part's file: {part, label, ok, seconds, error, rows}."""
    row = {"part": part.name, "label": part.label, "error": "", **state}
    new = out / f"{part.name}.json.new"
    new.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    new.replace(out / f"{part.name}.json")


def work(part: Part, out: Path, seconds: float) -> bool:
    """Measures a part and writes its file after every step; whether all of it is right."""
    start, rows = time.perf_counter(), []
    error = ""
    try:
        for rows in part.measure(out, seconds):
            write(out, part, ok=False, seconds=_since(start), error="unfinished", rows=rows)
    except Exception as problem:  # the file says what, the log has the traceback
        error = f"{type(problem).__name__}: {problem}".splitlines()[0]
        import traceback

        traceback.print_exc()
    ok = not error and bool(rows) and all(row.get("ok", True) for row in rows)
    write(out, part, ok=ok, seconds=_since(start), error=error, rows=rows)
    return ok


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 1)


def main() -> None:
    name, out, seconds = sys.argv[1:]
    part = next(part for part in parts() if part.name == name)
    sys.exit(0 if work(part, Path(out), float(seconds)) else 1)


if __name__ == "__main__":
    main()
