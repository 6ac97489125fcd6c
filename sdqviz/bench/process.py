"""`python -m sdqviz.bench.process CONTENDER SIZE [LATENT_SIDE]`: one contender in its own process.

Builds, runs one step, says so, then runs a step for each line it is given. Every answer is one line
of JSON: {"seconds", "peak_bytes"}, or {"error"}.
"""

import json
import os
import sys
import time

from sdqviz.base.memory import PeakMemory
from sdqviz.base.registry import named
from sdqviz.bench.contract import PACKAGE, Contender
from sdqviz.bench.networks import size_named


def main() -> None:
    name, size, side = sys.argv[1], sys.argv[2], sys.argv[3:]
    # Libraries print; the answers keep the real standard output to themselves.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    peak = PeakMemory()
    try:
        contender: Contender = named(PACKAGE, "CONTENDER", name)
        step = contender.build(size_named(size, int(side[0]) if side else None))
        while True:
            start = time.perf_counter()
            step()
            seconds = time.perf_counter() - start
            print(json.dumps({"seconds": seconds, "peak_bytes": peak.bytes()}), file=answers)
            if not sys.stdin.readline():
                return
    except Exception as error:  # whatever a foreign library raises: the row says it
        first = (str(error).strip().splitlines() or [""])[0]
        print(json.dumps({"error": f"{type(error).__name__}: {first}"[:200]}), file=answers)


if __name__ == "__main__":
    main()
