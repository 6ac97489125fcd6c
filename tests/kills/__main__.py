"""`python -m tests.kills N --seed S` kills runs of a tiny model N times and compares what is left.

A run trains, packs and draws; its worker, the app above it, or both are killed with SIGKILL at
random moments, also while files and rows are written; it is resumed and killed again. At the end
its packed file, pictures, scores and curves are those of a run that nobody stopped, to the bit.
Status 0: all are. Each kill is a line; the same seed draws the same kills.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process that was forked has one thread
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["SDQVIZ_CHECKPOINT_SECONDS"] = "0"  # a state whenever ten times its cost has gone

from sdqviz.base.request import QUANTIZE, quantize_request, recipe_entry
from sdqviz.runner.catalog import build_catalog
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import DONE
from sdqviz.store.store import Store
from tests.kills.episode import Episode
from tests.kills.outcome import Outcome, outcome_of
from tests.kills.seams import counted
from tests.tiny import save_tiny_model

SETTINGS = {
    **{"steps": 2, "scheduler": "ddim", "calibration_scenes": 1, "held_out_scenes": 1},
    **{"time_rows": "sampler", "training_steps": 6, "training_scenes": 1, "rounds": 3},
    **{"batch": 2, "previews": 1, "iterations": 3, "range_iterations": 2, "block_batch": 2},
    **{"looks": 1, "samples": 4},
    **{"precision": "fp32", "freeze_plateau": 0.2, "weight_rate": 0.02, "scale_rate": 0.005},
}
MOST_KILLS = 10_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("kills", type=int, help="how many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recipe", default="fidelity", help="the method of the runs")
    parser.add_argument("--fresh", action="store_true", help="each worker a fresh interpreter")
    given = parser.parse_args()
    if not 0 < given.kills <= MOST_KILLS:
        parser.error(f"kills is {given.kills}: give 1 to {MOST_KILLS}")
    with tempfile.TemporaryDirectory(prefix="sdqviz-kills-", ignore_cleanup_errors=True) as folder:
        return _kill(Path(folder), given)


def _kill(folder: Path, given: argparse.Namespace) -> int:
    kills, seed = given.kills, given.seed
    model = save_tiny_model(folder / "tiny")
    catalog = build_catalog(folder)
    known = {option["name"] for option in recipe_entry(catalog, given.recipe)["schema"]}
    settings = {name: value for name, value in SETTINGS.items() if name in known}
    spec = quantize_request(catalog, str(model), given.recipe, "quick", settings)
    expected, passed, seconds = _uninterrupted(folder / "whole", spec)
    print(
        f"uninterrupted: {seconds:.1f} s, {len(expected.curves)} points, seams {dict(passed)}",
        flush=True,
    )
    done, wrong, runs, tally, started = 0, 0, 0, Counter[str](), time.monotonic()
    while done < kills:
        runs += 1
        episode = Episode(
            home=folder / f"run-{runs}",
            spec=spec,
            catalog=catalog,
            expected=expected,
            passed=passed,
            whole_seconds=seconds,
            random=random.Random(f"{seed}/{runs}"),
            fresh=given.fresh,
        )
        for line in episode.work(kills - done):
            print(f"{done + 1:4d} run {runs}: {line.what}", flush=True)
            done += 1
            tally[line.victim] += 1
            tally[line.stage] += 1
        for line in episode.differences or ["as the uninterrupted one, to the bit"]:
            mark = "WRONG, " if episode.differences else ""
            print(f"     run {runs}: {mark}{line}", flush=True)
        wrong += bool(episode.differences)
    minutes = (time.monotonic() - started) / 60
    print(f"{done} kills of {runs} runs in {minutes:.1f} minutes, seed {seed}, {given.recipe}")
    print(f"who was killed, and in which stage: {dict(tally)}")
    print(f"{runs - wrong} of {runs} runs are right")
    return 1 if wrong else 0


def _uninterrupted(home: Path, spec: dict) -> tuple[Outcome, Counter[str], float]:
    """The outcome of a run in this process, how often it passed each seam, and its seconds. What
    is forked later finds its imports and networks in memory.
    """
    store, models = Store(home), ModelCache(home)
    run_id = store.runs.add(QUANTIZE, spec)
    started = time.monotonic()
    with counted() as passed:
        if execute(store, store.runs.claim(), models) != DONE:
            raise SystemExit(f"the uninterrupted run failed: {store.runs.get(run_id).error}")
    return outcome_of(store, run_id), passed, time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
