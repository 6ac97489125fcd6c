"""All parts in turn, each in a process of its own with a time limit; one's failure ends none."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.gpu.part import Part, write
from tests.gpu.report import markdown

LEAST_SECONDS = 5.0  # a part is not begun with less


def run_parts(
    chosen: Sequence[Part], out: Path, seconds: float, environment: dict[str, str]
) -> list[dict[str, Any]]:
    """Runs them within `seconds` in all; returns their files' contents and writes the summary."""
    out.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    results = []
    for part in chosen:
        file = out / f"{part.name}.json"
        file.unlink(missing_ok=True)
        allowed = min(part.seconds, deadline - time.monotonic())
        if allowed < LEAST_SECONDS:
            write(out, part, ok=False, seconds=0.0, error="no time was left", rows=[])
        else:
            print(f"{part.label} (at most {allowed:.0f} s)", flush=True)
            _run(part, out, allowed, environment)
        results.append(json.loads(file.read_text(encoding="utf-8")))
        print(f"  {_told(results[-1])}", flush=True)
        _write_summary(out, results)
    return results


def _run(part: Part, out: Path, seconds: float, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "tests.gpu.part", part.name, str(out), str(seconds)]
    file = out / f"{part.name}.json"
    with (out / f"{part.name}.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        try:
            code = process.wait(timeout=seconds)
            problem = f"its process ended with status {code}, see {log.name}"
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):  # ended meanwhile
                os.killpg(process.pid, signal.SIGKILL)  # with the processes it started
            process.wait()
            problem = f"stopped after {seconds:.0f} s"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if not kept or kept["error"] == "unfinished":
        rows = kept.get("rows", [])
        write(out, part, ok=False, seconds=round(seconds, 1), error=problem, rows=rows)


def _told(result: dict[str, Any]) -> str:
    if result["ok"]:
        return f"right, {result['seconds']:.0f} s"
    wrong = sum(not row.get("ok", True) for row in result["rows"])
    return result["error"] or f"{wrong} of {len(result['rows'])} rows are wrong"


def _write_summary(out: Path, results: list[dict[str, Any]]) -> None:
    (out / "summary.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (out / "summary.md").write_text(markdown(results), encoding="utf-8")
