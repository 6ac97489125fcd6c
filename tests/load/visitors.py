"""How many visitors the app bears: `python -m tests.load.visitors`, a table in Markdown.

An app of its own on loopback, over a home with the bundled runs. A browser opens the page once;
what it asked for is then asked again by many, each with a session of its own: 200 within ten
seconds, and a class of 30 at once. Listing is timed in a store with 5,000 runs. Bounded: no more
than VISITORS openings of each kind, `LIMIT_SECONDS` each. Exits 1 where a target is missed.
"""

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

from sdqviz.store.store import Store
from tests.browser.conftest import serving
from tests.load.connections import Connections
from tests.load.opening import Ask, record, replay

LIMIT_SECONDS = 120.0
MOST_VISITORS = 500
RUNS = 5000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=200, help="within ten seconds")
    parser.add_argument("--class-size", type=int, default=30, help="at once")
    given = parser.parse_args()
    if not 0 < max(given.visitors, given.class_size) <= MOST_VISITORS:
        parser.error(f"at most {MOST_VISITORS} visitors")
    rows: list[tuple[str, str, str, bool]] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        rows.append(_listing(Path(home) / "many"))
        folder = Path(home) / "app"
        folder.mkdir()
        with serving(folder) as url:
            asks = record(url)
            events = [ask for ask in asks if ask.is_queued]
            reads = [ask for ask in asks if ask.body is not None and not ask.is_queued]
            rows.append(
                ("events queued to open a page", str(len(events)), "at most 5", len(events) <= 5)
            )
            rows.append(("reads beside the queue", str(len(reads)), "", True))
            server = server_of(url)
            before, worked = server.memory_info().rss, processor_seconds(server)
            rows += _openings(url, asks, given.visitors, 10.0, 10.0)
            rows += _openings(url, asks, given.class_size, 0.0, 3.0)
            spent = (processor_seconds(server) - worked) / (given.visitors + given.class_size)
            rows.append(("processor time of the app, an opening", f"{spent:.2f} s", "", True))
            grown = (server.memory_info().rss - before) / 1e6
            rows.append(("memory of the app, after", f"+{grown:.0f} MB", "", True))
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load average of the machine {load:.1f}\n")
    print("| what | measured | target | |\n|---|---|---|---|")
    for what, measured, target, is_met in rows:
        print(f"| {what} | {measured} | {target} | {'' if is_met else 'missed'} |")
    sys.exit(not all(is_met for *_, is_met in rows))


def _openings(
    url: str, asks: list[Ask], count: int, within: float, most: float
) -> list[tuple[str, str, str, bool]]:
    seconds, errors = asyncio.run(_visit(url, asks, count, within))
    when = f"{count} openings in {within:g} s" if within else f"{count} openings at once"
    p95 = statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else float("inf")
    middle = statistics.median(seconds) if seconds else float("inf")
    reasons = f": {errors[0]}" if errors else ""
    return [
        (f"{when}, errors", f"{len(errors)}{reasons}", "0", not errors),
        (f"{when}, p95 (median)", f"{p95:.1f} s ({middle:.1f} s)", f"under {most:g} s", p95 < most),
    ]


async def _visit(
    url: str, asks: list[Ask], count: int, within: float
) -> tuple[list[float], list[str]]:
    """The seconds of each opening, and what went wrong in the others."""
    seconds: list[float] = []
    errors: list[str] = []

    async def one(number: int) -> None:
        await asyncio.sleep(within * number / count)
        visitor = Connections(url)
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                seconds.append(await replay(visitor, asks))
        except (OSError, EOFError, RuntimeError, TimeoutError, KeyError) as error:
            errors.append(f"{type(error).__name__} {error}"[:120])
        finally:
            visitor.close()

    await asyncio.gather(*(one(number) for number in range(count)))
    return seconds, errors


def _listing(home: Path) -> tuple[str, str, str, bool]:
    """Processor time of listing `RUNS` runs with results of 100 kB, as a page's tick does."""
    store = Store(home)
    spec, result = json.dumps({"model": "m", "config": {}}), json.dumps({"x": "y" * 100_000})
    rows = [(f"{n:012x}", spec, result, float(n)) for n in range(RUNS)]
    connection = sqlite3.connect(home / "store.sqlite")
    with connection:
        connection.executemany(
            "INSERT INTO runs (id, kind, spec, state, result, created)"
            " VALUES (?, 'quantize', ?, 'done', ?, ?)",
            rows,
        )
    connection.close()
    store.runs.list()
    run_id, times = store.runs.add("generate", {"run": "a"}), []
    for step in range(20):
        store.runs.set_progress(run_id, "draw", step / 20, None)
        started = time.process_time()
        store.runs.list()
        times.append(1000 * (time.process_time() - started))
    middle = statistics.median(times)
    what = f"listing {RUNS} runs, one changed (median of {len(times)})"
    return what, f"{middle:.1f} ms of CPU", "10 ms", middle <= 10


def processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def server_of(url: str) -> psutil.Process:
    port = url.rstrip("/").rsplit(":", 1)[1]
    return next(
        process
        for process in psutil.process_iter(["cmdline"])
        if port in (line := process.info["cmdline"] or []) and "app.py" in " ".join(line)
    )


if __name__ == "__main__":
    main()
