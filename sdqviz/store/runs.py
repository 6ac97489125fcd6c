"""Runs: requests to do work with their state, claimed by workers under a lease."""

import functools
import json
import os
import time
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from sdqviz.base.errors import SdqvizError
from sdqviz.results.evaluation import Evaluation
from sdqviz.results.outcome import Outcome, ResultRow
from sdqviz.results.quantize import QuantizedModel, QuantizeResult
from sdqviz.results.scene import SceneRow
from sdqviz.results.version import is_newer, numbered
from sdqviz.store.db import Database

QUEUED, RUNNING, STOPPING = "queued", "running", "stopping"
FINISHING = "finishing"  # running, its training to end at the next step
DONE, FAILED, CANCELLED, INTERRUPTED = "done", "failed", "cancelled", "interrupted"
ACTIVE = (RUNNING, STOPPING, FINISHING)
NEWER = "of a newer sdqviz"  # finished, but this version may misread its result
RESUMABLE = (FAILED, CANCELLED, INTERRUPTED)
LEASE_SECONDS = 15.0
_ANY_ACTIVE = ", ".join("?" * len(ACTIVE))


@dataclass(frozen=True, kw_only=True)
class Run:
    """One row of runs, its JSON columns read and shared between readers: never change them.

    `result` is the JSON as stored; `outcome` and what follows it are how to read it.
    """

    id: str
    kind: str
    spec: dict[str, Any]
    state: str
    stage: str
    progress: float
    eta_seconds: float | None
    result: dict[str, Any] | None
    error: dict[str, str] | None
    created: float
    started: float | None
    ended: float | None
    attempt: int
    cancel: bool
    pid: int | None
    pid_started: float | None

    @functools.cached_property
    def outcome(self) -> Outcome | None:
        """What the run left behind, by its kind; None of a run without a result, of one that packed
        nothing, and of one that a newer sdqviz made.
        """
        if self.result is None or self.state == NEWER:
            return None
        kept = self.result
        return (kept if isinstance(kept, ResultRow) else ResultRow(self.kind, kept)).outcome

    @property
    def quantized(self) -> QuantizeResult:
        """The result of a quantize run with scores; raises SdqvizError when it is none."""
        if isinstance(self.outcome, QuantizeResult):
            return self.outcome
        raise SdqvizError(f"run {self.id} is {self.state}", "choose a finished quantize run")

    @property
    def quantized_model(self) -> QuantizedModel | None:
        """The quantized model that a quantize run left, maybe without scores."""
        return self.outcome if isinstance(self.outcome, QuantizedModel) else None

    @property
    def evaluation(self) -> Evaluation | None:
        """The scenes that the run drew with both models, and their scores."""
        return self.outcome if isinstance(self.outcome, Evaluation) else None

    @property
    def scenes(self) -> Sequence[SceneRow]:
        """Those scenes; none where nothing was drawn."""
        return self.evaluation.scenes if self.evaluation else ()

    @property
    def seconds(self) -> float | None:
        """How long a finished run took: its last attempt."""
        return (self.result or {}).get("seconds")

    @property
    def peak_bytes(self) -> int | None:
        """Of memory, of a finished run: the process, or what it took on the device."""
        return (self.result or {}).get("peak_bytes")


class Runs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: str, spec: dict[str, Any], run_id: str | None = None) -> str:
        """Queues a run and returns its id."""
        run_id = run_id or uuid.uuid4().hex[:12]
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT INTO runs (id, kind, spec, state, created) VALUES (?, ?, ?, ?, ?)",
                (run_id, kind, json.dumps(spec), QUEUED, time.time()),
            )
        return run_id

    def add_finished(self, row: dict[str, Any]) -> None:
        """Takes in a finished run made elsewhere (an export)."""
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT OR IGNORE INTO runs (id, kind, spec, state, progress, result, created,"
                " started, ended) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)",
                (
                    row["id"],
                    row["kind"],
                    json.dumps(row["spec"]),
                    DONE,
                    json.dumps(row["result"]),
                    row["created"],
                    row["started"],
                    row["ended"],
                ),
            )

    def add_made(self, kind: str, spec: dict[str, Any], result: dict[str, Any]) -> str:
        """Adds a run that is finished already and returns its id."""
        now, run_id = time.time(), uuid.uuid4().hex[:12]
        row = {"id": run_id, "kind": kind, "spec": spec, "result": result}
        self.add_finished({**row, "created": now, "started": now, "ended": now})
        return run_id

    def get(self, run_id: str) -> Run:
        """The run whose id is, or starts with, `run_id`."""
        rows = self._database.rows("SELECT * FROM runs WHERE id = ?", (run_id,))
        if not rows and run_id:
            rows = self._database.rows(
                "SELECT * FROM runs WHERE substr(id, 1, ?) = ?", (len(run_id), run_id)
            )
        if len(rows) != 1:
            what = "no run" if not rows else f"{len(rows)} runs"
            raise SdqvizError(f"{what} {run_id!r}", "see: sdqviz runs list")
        return _run(rows[0])

    def list(self, kind: str | None = None) -> list[Run]:
        """All runs, newest first. Dead leases are shown as interrupted."""
        self.expire()
        where, values = ("WHERE kind = ?", (kind,)) if kind else ("", ())
        query = f"SELECT * FROM runs {where} ORDER BY created DESC, id"
        return [_run(row) for row in self._database.rows(query, values)]

    def claim(self, run_id: str | None = None) -> Run | None:
        """Takes the oldest queued run (or the named one) for this process, or None."""
        self.expire()
        now = time.time()
        with self._database.transaction() as sql:
            row = sql.execute(
                "SELECT id FROM runs WHERE state = ? AND (? IS NULL OR id = ?)"
                " ORDER BY created LIMIT 1",
                (QUEUED, run_id, run_id),
            ).fetchone()
            if row is None:
                return None
            sql.execute(
                "UPDATE runs SET state = ?, started = COALESCE(started, ?), ended = NULL,"
                " attempt = attempt + 1, lease_until = ?, pid = ?, pid_started = ?, error = NULL"
                " WHERE id = ?",
                (
                    RUNNING,
                    now,
                    now + LEASE_SECONDS,
                    os.getpid(),
                    psutil.Process().create_time(),
                    row["id"],
                ),
            )
        return self.get(row["id"])

    def heartbeat(self, run_id: str) -> None:
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE runs SET lease_until = ? WHERE id = ? AND pid = ?",
                (time.time() + LEASE_SECONDS, run_id, os.getpid()),
            )

    def set_progress(
        self, run_id: str, stage: str, progress: float, eta_seconds: float | None
    ) -> None:
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE runs SET stage = ?, progress = ?, eta_seconds = ? WHERE id = ?",
                (stage, progress, eta_seconds, run_id),
            )

    def finish(
        self,
        run_id: str,
        state: str,
        result: dict[str, Any] | None = None,
        error: dict[str, str] | None = None,
    ) -> None:
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE runs SET state = ?, result = COALESCE(?, result), error = ?, ended = ?,"
                " eta_seconds = NULL, lease_until = NULL, pid = NULL,"
                " progress = CASE WHEN ? = 'done' THEN 1 ELSE progress END WHERE id = ?",
                (
                    state,
                    json.dumps(numbered(result)) if result is not None else None,
                    json.dumps(error) if error is not None else None,
                    time.time(),
                    state,
                    run_id,
                ),
            )

    def set_result(self, run_id: str, result: dict[str, Any]) -> None:
        """Gives a finished run another result, such as the same with more scores."""
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE runs SET result = ? WHERE id = ? AND state = ?",
                (json.dumps(numbered(result)), run_id, DONE),
            )

    def request_cancel(self, run_id: str) -> str:
        """A queued run is cancelled at once, a running one is asked to stop. Returns the state."""
        run = self.get(run_id)
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE runs SET state = ?, ended = ? WHERE id = ? AND state = ?",
                (CANCELLED, time.time(), run.id, QUEUED),
            )
            sql.execute(
                "UPDATE runs SET state = ?, cancel = cancel + 1"
                " WHERE id = ? AND state IN (?, ?, ?)",
                (STOPPING, run.id, RUNNING, FINISHING, STOPPING),
            )
        return self.get(run.id).state

    def cancels(self, run_id: str) -> int:
        """How often the run was asked to stop since it was queued."""
        return self._database.rows("SELECT cancel FROM runs WHERE id = ?", (run_id,))[0]["cancel"]

    def request_finish(self, run_id: str, stages: Collection[str]) -> Run:
        """Asks a run in one of these stages to end that stage now and to go on with what it has.
        Whoever resumes it after an interruption goes on with the stage.
        """
        run = self.get(run_id)
        if run.state != RUNNING or run.stage not in stages:
            where = f"{run.state}, in stage {run.stage}" if run.state in ACTIVE else run.state
            known = ", ".join(sorted(stages))
            raise SdqvizError(f"run {run.id} is {where}", f"finish it early in stage {known}")
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE runs SET state = ? WHERE id = ? AND state = ? AND stage = ?",
                (FINISHING, run.id, RUNNING, run.stage),
            )
        return self.get(run.id)

    def decline_finish(self, run_id: str) -> None:
        """The training goes on after all."""
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE runs SET state = ? WHERE id = ? AND state = ?",
                (RUNNING, run_id, FINISHING),
            )

    def resume(self, run_id: str) -> Run:
        """Queues a stopped run again; what it finished is found by content, not repeated."""
        run = self.get(run_id)
        self.expire()
        run = self.get(run.id)
        if run.state not in RESUMABLE:
            raise SdqvizError(
                f"run {run.id} is {run.state}", f"only {', '.join(RESUMABLE)} runs resume"
            )
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE runs SET state = ?, cancel = 0, error = NULL WHERE id = ?",
                (QUEUED, run.id),
            )
        return self.get(run.id)

    def delete(self, run_id: str) -> None:
        run = self.get(run_id)
        if run.state in ACTIVE:
            raise SdqvizError(f"run {run.id} is {run.state}", f"sdqviz runs cancel {run.id}")
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM products WHERE run = ?", (run.id,))
            sql.execute("DELETE FROM runs WHERE id = ?", (run.id,))

    def expire(self) -> None:
        """Marks runs whose worker is gone as interrupted (cancelled if that was asked)."""
        now = time.time()
        for row in self._database.rows(
            "SELECT id, pid, pid_started, lease_until, cancel FROM runs"
            f" WHERE state IN ({_ANY_ACTIVE})",
            ACTIVE,
        ):
            lapsed = row["lease_until"] is None or row["lease_until"] < now
            if not lapsed and is_alive(row["pid"], row["pid_started"]):
                continue
            with self._database.transaction() as sql:
                sql.execute(
                    "UPDATE runs SET state = ?, ended = ?, eta_seconds = NULL, lease_until = NULL,"
                    f" pid = NULL WHERE id = ? AND state IN ({_ANY_ACTIVE}) AND lease_until IS ?",
                    (
                        CANCELLED if row["cancel"] else INTERRUPTED,
                        now,
                        row["id"],
                        *ACTIVE,
                        row["lease_until"],
                    ),
                )

    def version(self) -> str:
        """A cheap token that changes whenever any run or event changes."""
        (row,) = self._database.rows(
            "SELECT (SELECT COUNT(*) FROM events) AS events,"
            " (SELECT group_concat(id || state || progress || stage, '|') FROM runs) AS runs"
        )
        return f"{row['events']}:{row['runs']}"

    def listing(self) -> str:
        """A cheap token that changes when a run comes, goes or changes its state."""
        (row,) = self._database.rows("SELECT group_concat(id || state, '|') AS runs FROM runs")
        return row["runs"] or ""


def is_alive(pid: int | None, started: float | None) -> bool:
    """Whether the process that took the run still lives (not another with its number)."""
    if pid is None or started is None:
        return False
    try:
        process = psutil.Process(pid)
        return (
            abs(process.create_time() - started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
        )
    except psutil.Error:
        return False


@functools.lru_cache(maxsize=256)
def _parsed(kind: str, text: str) -> ResultRow:
    # A page that follows a job lists the runs every second, and results have hundreds of kB.
    return ResultRow(kind, json.loads(text))


def _run(row: Any) -> Run:
    result = _parsed(row["kind"], row["result"]) if row["result"] else None
    error = json.loads(row["error"]) if row["error"] else None
    plain = {
        name: row[name]
        for name in (
            *("id", "kind", "state", "stage", "progress", "eta_seconds", "created", "started"),
            *("ended", "attempt", "pid", "pid_started"),
        )
    }
    if plain["state"] == DONE and is_newer(result):
        plain["state"] = NEWER
    spec, cancel = json.loads(row["spec"]), bool(row["cancel"])
    return Run(**plain, spec=spec, result=result, error=error, cancel=cancel)
