"""Whether the app's memory grows with its visitors: `python -m tests.load.memory [--minutes 10]`.

Visitors come one after the other, a few at a time, for so long; each opens the page as a browser
does, asks on once a second for a while, as an open page does, and goes. The app's memory is
sampled; the slope is told of the second half, when everything that is kept is there. Bounded: one
app of its own on loopback, no more than `MOST_MINUTES`. Exits 1 where it grows.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.browser.conftest import serving
from tests.load.connections import Connections
from tests.load.opening import Ask, record, replay
from tests.load.visitors import processor_seconds, server_of

MOST_MINUTES = 90.0
AT_ONCE = 4
STAYS_SECONDS = 5
SAMPLE_SECONDS = 5.0
MOST_MB_AN_HOUR = 60.0  # within what the allocator moves in ten minutes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    if not 0 < minutes <= MOST_MINUTES:
        parser.error(f"at most {MOST_MINUTES:g} minutes")
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        serving(Path(home)) as url,
    ):
        asks = record(url)
        server = server_of(url)
        worked = processor_seconds(server)
        samples, opened, errors = asyncio.run(_watch(url, asks, server, 60 * minutes))
        spent = processor_seconds(server) - worked
    half = [sample for sample in samples if sample[0] >= 30 * minutes]
    slope = 3600 * statistics.linear_regression(*zip(*half, strict=True)).slope
    told = {
        "minutes": minutes,
        "openings": opened,
        "errors": errors,
        "processor_seconds": round(spent, 1),
        "memory_mb": [round(mb) for _, mb in samples[:: max(1, len(samples) // 20)]],
        "slope_mb_an_hour": round(slope, 1),
    }
    print(json.dumps(told))
    sys.exit(bool(errors) or slope > MOST_MB_AN_HOUR)


async def _watch(
    url: str, asks: list[Ask], server: psutil.Process, seconds: float
) -> tuple[list[tuple[float, float]], int, list[str]]:
    """(seconds, MB) of the app, the number of openings, and what went wrong."""
    started = time.monotonic()
    samples: list[tuple[float, float]] = []
    errors: list[str] = []
    opened = 0

    async def visitors() -> None:
        nonlocal opened
        while time.monotonic() - started < seconds:
            visitor = Connections(url)
            try:
                await replay(visitor, asks)
                opened += 1
                for _ in range(STAYS_SECONDS):
                    await asyncio.sleep(1.0)
                    await visitor.get("/theme.css")
            except (OSError, EOFError, RuntimeError) as error:
                errors.append(f"{type(error).__name__} {error}"[:120])
            finally:
                visitor.close()

    async def sample() -> None:
        while time.monotonic() - started < seconds:
            samples.append((time.monotonic() - started, server.memory_info().rss / 1e6))
            await asyncio.sleep(SAMPLE_SECONDS)

    await asyncio.gather(sample(), *(visitors() for _ in range(AT_ONCE)))
    return samples, opened, errors


if __name__ == "__main__":
    main()
