"""One denoising step of several contenders: interleaved rounds, medians, peak memory."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from sdqviz.base.counts import MOST_LATENT_SIDE, MOST_ROUNDS, check_count
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event, Log, Progress
from sdqviz.base.registry import found
from sdqviz.bench.contract import PACKAGE, Contender, missing
from sdqviz.bench.networks import SIZES


def contenders(names: Sequence[str]) -> list[Contender]:
    """Those named, or all, in the table's order."""
    known: dict[str, Contender] = found(PACKAGE, "CONTENDER")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SdqvizError(f"unknown contender {unknown[0]!r}", f"there is {', '.join(known)}")
    return sorted((known[name] for name in names or known), key=lambda c: c.order)


def bench_step(
    size: str,
    names: Sequence[str],
    rounds: int,
    latent_side: int | None,
    see: Callable[[Event], None],
) -> list[dict[str, Any]]:
    """One row per contender: {contender, label, median_s, min_s, max_s, peak_bytes, note}.

    Each has a process of its own. The first step, which compiles and packs, is not timed, but
    its memory counts. One that cannot run is a row with a note.
    """
    if size not in SIZES:
        raise SdqvizError(f"unknown size {size!r}", f"there is {', '.join(SIZES)}")
    check_count("rounds", rounds, 1, MOST_ROUNDS)
    if latent_side is not None:
        check_count("side", latent_side, 1, MOST_LATENT_SIDE)
    entered = contenders(names)
    total = len(entered) * (rounds + 1)
    runners: dict[str, _Process] = {}
    rows = {c.name: _row(c) for c in entered}
    done = 0
    try:
        for contender in entered:
            see(Progress(stage="bench", done=done, total=total))
            done += 1
            note = missing(contender)
            if note is None:
                see(Log(message=f"building {contender.label}"))
                runner = _Process(contender.name, size, latent_side)
                note = runner.warm()
                if note is None:
                    runners[contender.name] = runner
                else:
                    runner.close()
            rows[contender.name]["note"] = note or ""
        for number in range(rounds):
            for place, runner in enumerate(runners.values()):
                see(Progress(stage="bench", done=done + number * len(runners) + place, total=total))
                runner.step()
    finally:
        for runner in runners.values():
            runner.close()
    for name, runner in runners.items():
        rows[name] |= runner.figures()
    see(Progress(stage="bench", done=total, total=total))
    return list(rows.values())


def _row(contender: Contender) -> dict[str, Any]:
    empty = dict.fromkeys(("median_s", "min_s", "max_s", "peak_bytes"))
    return {"contender": contender.name, "label": contender.label, **empty, "note": ""}


class _Process:
    """A contender's process: idle between its steps."""

    def __init__(self, name: str, size: str, latent_side: int | None) -> None:
        side = [] if latent_side is None else [str(latent_side)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sdqviz.bench.process", name, size, *side],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._seconds: list[float] = []
        self._peak = 0
        self._error = ""

    def warm(self) -> str | None:
        """Waits for the untimed first step; the reason if it failed."""
        answer = self._answer()
        if "error" in answer:
            return answer["error"]
        self._peak = answer["peak_bytes"]
        return None

    def step(self) -> None:
        if self._error:
            return
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            self._error = answer["error"]
            return
        self._seconds.append(answer["seconds"])
        self._peak = max(self._peak, answer["peak_bytes"])

    def figures(self) -> dict[str, Any]:
        if not self._seconds or self._error:
            return {"note": self._error or "no step finished"}
        return {
            "median_s": statistics.median(self._seconds),
            "min_s": min(self._seconds),
            "max_s": max(self._seconds),
            "peak_bytes": self._peak,
        }

    def close(self) -> None:
        """Ends the process, whatever it does."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        return {"error": f"its process died (exit {self._process.wait()}), maybe out of memory"}
