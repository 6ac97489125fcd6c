"""One run that is killed some times, resumed each time, and at last left to finish."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from sdqviz.base.request import QUANTIZE
from sdqviz.store.run import ACTIVE, DONE, INTERRUPTED, QUEUED
from sdqviz.store.store import Store
from tests.kills import moments, seams
from tests.kills.moments import APP, BOTH, VICTIMS, WORKER, Moment, waiting
from tests.kills.outcome import Outcome, differences, outcome_of
from tests.kills.processes import Child, start_app

MOST_KILLS = 6  # of one run
GARBAGE_SHARE = 0.3  # of the kills, after which what nobody mentions is deleted
PATIENCE_SECONDS = 300.0  # that a run may take until its next kill, or its end


@dataclass(frozen=True)
class Kill:
    """Who was killed, in which stage, and the line that tells of it."""

    victim: str
    stage: str
    what: str


@dataclass
class Episode:
    home: Path
    spec: dict[str, Any]
    catalog: dict[str, Any]
    expected: Outcome
    passed: Counter[str]
    whole_seconds: float
    random: random.Random
    fresh: bool
    differences: list[str] = field(default_factory=list)

    def work(self, most: int) -> Iterator[Kill]:
        """Yields each kill, then compares what the run left (`differences`)."""
        self.home.mkdir()
        store = Store(self.home)
        run_id = store.runs.add(QUANTIZE, self.spec)
        app = start_app(self.home, self.catalog, self.fresh)
        try:
            for _ in range(min(most, self.random.randint(1, MOST_KILLS))):
                victim = self.random.choice(VICTIMS)
                kill = self._kill(store, run_id, app, victim)
                if kill is None:
                    break  # the run was done before
                yield kill
                if app.poll() is not None:
                    app = start_app(self.home, self.catalog, self.fresh)
                if self.random.random() < GARBAGE_SHARE:
                    store.records.collect_garbage(older_than_seconds=0.0)
                self._resume(store, run_id)
            seams.revoke(self.home)
            self._finish(store, run_id)
        finally:
            app.kill()
        self.differences += differences(self.expected, outcome_of(store, run_id))
        left = [str(p) for p in (self.home / "scratch").glob("*/*")]
        self.differences += [f"left behind: {', '.join(left)}"] if left else []

    def _kill(self, store: Store, run_id: str, app: Child, victim: str) -> Kill | None:
        """Waits for a moment and kills; None where the run ends first."""
        moment = moments.draw(self.random, victim, self.passed, len(self.expected.curves))
        if moment.seam:
            seams.order(self.home, moment.seam, int(moment.value))
        worker = 0
        for seconds in waiting(PATIENCE_SECONDS):
            run = store.runs.get(run_id)
            if run.state == DONE:
                seams.revoke(self.home)
                return None
            worker = run.pid if run.state in ACTIVE and run.pid else worker
            if moment.seam and not seams.is_ordered(self.home) and _is_dead(store, run_id):
                return self._told(store, run_id, victim, moment)
            if moment.seam or not worker:
                continue
            if moment.has_come(store, run, seconds, self.whole_seconds):
                if victim in (APP, BOTH):
                    app.kill()
                if victim in (WORKER, BOTH):
                    _kill_process(worker)
                return self._told(store, run_id, victim, moment)
        raise AssertionError(f"run {run_id} did not go on: {store.runs.get(run_id)}")

    def _told(self, store: Store, run_id: str, victim: str, moment: Moment) -> Kill:
        run = store.runs.get(run_id)
        stage = run.stage or "start"
        what = f"{victim} at {100 * run.progress:3.0f} %, {stage}; {moment}; attempt {run.attempt}"
        return Kill(victim, stage, what)

    def _resume(self, store: Store, run_id: str) -> None:
        """Queues the run again if its worker is dead, as a user does who sees it interrupted."""
        store.runs.expire()
        run = store.runs.get(run_id)
        if run.state == INTERRUPTED:
            store.runs.resume(run_id)
        elif run.state not in (*ACTIVE, QUEUED, DONE):
            raise AssertionError(f"run {run_id} is {run.state}: {run.error}")

    def _finish(self, store: Store, run_id: str) -> None:
        for _ in waiting(PATIENCE_SECONDS):
            self._resume(store, run_id)
            if store.runs.get(run_id).state == DONE:
                return
        raise AssertionError(f"run {run_id} did not end: {store.runs.get(run_id)}")


def _is_dead(store: Store, run_id: str) -> bool:
    store.runs.expire()
    return store.runs.get(run_id).state == INTERRUPTED


def _kill_process(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        while process.status() != psutil.STATUS_ZOMBIE:  # dead, and maybe not buried
            time.sleep(0.005)
