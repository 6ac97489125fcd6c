"""Runs: requests to do work with their state, claimed by workers under a lease."""

import functools
import json
import os
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Event
from sdqviz.base.request import COMPARE, GENERATE, SCORE
from sdqviz.results.outcome import ResultRow
from sdqviz.results.version import format_of
from sdqviz.store.db import Database
from sdqviz.store.limits import Limits
from sdqviz.store.listing import COLUMNS, Listing
from sdqviz.store.process import born
from sdqviz.store.process import is_alive as is_alive
from sdqviz.store.rows import DAMAGED as DAMAGED
from sdqviz.store.rows import run_of
from sdqviz.store.run import ACTIVE as ACTIVE
from sdqviz.store.run import CANCELLED as CANCELLED
from sdqviz.store.run import DONE as DONE
from sdqviz.store.run import FAILED as FAILED
from sdqviz.store.run import FINISHING as FINISHING
from sdqviz.store.run import INTERRUPTED as INTERRUPTED
from sdqviz.store.run import NEWER as NEWER
from sdqviz.store.run import QUEUED as QUEUED
from sdqviz.store.run import RESUMABLE as RESUMABLE
from sdqviz.store.run import RUNNING as RUNNING
from sdqviz.store.run import STOPPING as STOPPING
from sdqviz.store.run import Run as Run
from sdqviz.store.tended import Tended
from sdqviz.store.told import insert_events
from sdqviz.store.worked import LEASE_SECONDS

PATIENCE_SECONDS = 600.0  # that a long job lets newer short ones pass
SHORT = (GENERATE, COMPARE, SCORE)  # of some scenes; the others take minutes to days
_ANY_SHORT = ", ".join("?" * len(SHORT))
_ANY_ACTIVE = ", ".join("?" * len(ACTIVE))
_KEPT_RESULTS = 64  # read ones, of hundreds of kB each


class Runs(Tended):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._results: OrderedDict[tuple[str, int], ResultRow] = OrderedDict()
        self._lock = threading.Lock()
        self._listing = Listing(database, self._run, lambda run: run.created)

    def add(
        self,
        kind: str,
        spec: dict[str, Any],
        run_id: str | None = None,
        visitor: str = "",
        limits: Limits | None = None,
    ) -> str:
        """Queues a run and returns its id. Raises SdqvizError where that would be over `limits`."""
        run_id = run_id or uuid.uuid4().hex[:12]
        with self._database.transaction() as sql:
            if limits is not None:
                limits.check(sql, visitor)
            sql.execute(
                "INSERT INTO runs (id, kind, spec, state, created, visitor)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (run_id, kind, json.dumps(spec), QUEUED, time.time(), visitor),
            )
        return run_id

    def add_finished(self, row: dict[str, Any], events: Sequence[Event] = ()) -> None:
        """Takes in a finished run made elsewhere (an export) with all that it told, or nothing."""
        with self._database.transaction() as sql:
            added = sql.execute(
                "INSERT OR IGNORE INTO runs (id, kind, spec, state, progress, result, created,"
                " started, ended, seconds, format) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
                (
                    row["id"],
                    row["kind"],
                    json.dumps(row["spec"]),
                    DONE,
                    json.dumps(row["result"]),
                    row["created"],
                    row["started"],
                    row["ended"],
                    row["result"].get("seconds"),
                    format_of(row["result"]),
                ),
            )
            if added.rowcount:
                insert_events(sql, row["id"], events)

    def add_made(
        self, kind: str, spec: dict[str, Any], result: dict[str, Any], events: Sequence[Event] = ()
    ) -> str:
        """Adds a run that is finished already and returns its id."""
        now, run_id = time.time(), uuid.uuid4().hex[:12]
        row = {"id": run_id, "kind": kind, "spec": spec, "result": result}
        self.add_finished({**row, "created": now, "started": now, "ended": now}, events)
        return run_id

    def get(self, run_id: str) -> Run:
        """The run whose id is, or starts with, `run_id`; none that is in the bin."""
        run = self._found(run_id)
        if run.deleted is not None:
            raise SdqvizError(f"run {run.id} is deleted", f"sdqviz runs restore {run.id}")
        return run

    def binned(self, run_id: str) -> Run:
        """As `get`, of a run that is in the bin."""
        run = self._found(run_id)
        if run.deleted is None:
            raise SdqvizError(f"run {run.id} is not deleted", "it is among the others")
        return run

    def _found(self, run_id: str) -> Run:
        rows = self._database.rows(f"SELECT {COLUMNS} FROM runs WHERE id = ?", (run_id,))
        if not rows and run_id:
            rows = self._database.rows(
                f"SELECT {COLUMNS} FROM runs WHERE substr(id, 1, ?) = ?", (len(run_id), run_id)
            )
        if len(rows) != 1:
            what = "no run" if not rows else f"{len(rows)} runs"
            raise SdqvizError(f"{what} {run_id!r}", "see: sdqviz runs list")
        return self._run(rows[0])

    def has(self, run_id: str) -> bool:
        """Whether there is a run of exactly this id, which is not in the bin."""
        query = "SELECT 1 FROM runs WHERE id = ? AND deleted IS NULL"
        return bool(self._database.rows(query, (run_id,)))

    def list(self, kind: str | None = None) -> list[Run]:
        """All runs, newest first. Dead leases are shown as interrupted."""
        self.expire()
        runs = [run for run in self._listing.now() if run.deleted is None]
        return [run for run in runs if run.kind == kind] if kind else runs

    def bin(self) -> Sequence[Run]:
        """The deleted runs that `restore` brings back, the last deleted first."""
        binned = (run for run in self._listing.now() if run.deleted is not None)
        return sorted(binned, key=lambda run: -(run.deleted or 0.0))

    def claim(self, run_id: str | None = None, only_short: bool = False) -> Run | None:
        """Takes a queued run (or the named one) for this process, or None: of two lanes, short
        jobs and long ones, the oldest short one first, unless a long one has waited for
        `PATIENCE_SECONDS`.
        """
        self.expire()
        now = time.time()
        with self._database.transaction() as sql:
            row = sql.execute(
                "SELECT id FROM runs WHERE state = ? AND (? IS NULL OR id = ?)"
                f" AND (kind IN ({_ANY_SHORT}) OR NOT ?)"
                f" ORDER BY kind NOT IN ({_ANY_SHORT}) AND created > ?, created LIMIT 1",
                (
                    *(QUEUED, run_id, run_id, *SHORT, only_short),
                    *(*SHORT, now - PATIENCE_SECONDS),
                ),
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
                    born(os.getpid()),
                    row["id"],
                ),
            )
        return self.get(row["id"])

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

    def resume(self, run_id: str, limits: Limits | None = None) -> Run:
        """Queues a stopped run again; what it finished is found by content, not repeated."""
        run = self.get(run_id)
        self.expire()
        run = self.get(run.id)
        if run.state not in RESUMABLE:
            raise SdqvizError(
                f"run {run.id} is {run.state}", f"only {', '.join(RESUMABLE)} runs resume"
            )
        with self._database.transaction() as sql:
            if limits is not None:
                limits.check(sql, run.visitor)
            sql.execute(
                "UPDATE runs SET state = ?, cancel = 0, error = NULL, dismissed = 0 WHERE id = ?",
                (QUEUED, run.id),
            )
        return self.get(run.id)

    def expire(self) -> None:
        """Marks runs whose worker is gone as interrupted (cancelled if that was asked). Its process
        stays noted: a worker that lives after all takes the run back (`heartbeat`).
        """
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
                    "UPDATE runs SET state = ?, ended = ?, eta_seconds = NULL, lease_until = NULL"
                    f" WHERE id = ? AND state IN ({_ANY_ACTIVE}) AND lease_until IS ?",
                    (
                        CANCELLED if row["cancel"] else INTERRUPTED,
                        now,
                        row["id"],
                        *ACTIVE,
                        row["lease_until"],
                    ),
                )

    def has_waiting_short(self) -> bool:
        """Whether a short job waits while a long one is worked."""
        query = (
            f"SELECT (SELECT COUNT(*) FROM runs WHERE state = ? AND kind IN ({_ANY_SHORT}))"
            f" AND (SELECT COUNT(*) FROM runs WHERE state IN ({_ANY_ACTIVE})"
            f" AND kind NOT IN ({_ANY_SHORT})) AS waits"
        )
        return bool(self._database.rows(query, (QUEUED, *SHORT, *ACTIVE, *SHORT))[0]["waits"])

    def waiting(self) -> int:
        """How many runs wait for a worker. Dead leases are given up first."""
        self.expire()
        query = "SELECT COUNT(*) AS count FROM runs WHERE state = ?"
        return self._database.rows(query, (QUEUED,))[0]["count"]

    def visitors(self) -> frozenset[str]:
        """Whoever asked for a run that is there."""
        rows = self._database.rows("SELECT DISTINCT visitor FROM runs WHERE visitor != ''")
        return frozenset(row["visitor"] for row in rows)

    def version(self) -> str:
        """A cheap token that changes whenever any run or event changes."""
        (row,) = self._database.rows("SELECT revision, events FROM clock")
        return f"{row['revision']}:{row['events']}"

    def listing(self) -> str:
        """A cheap token that changes when a run comes, goes or changes its state."""
        return str(self._database.rows("SELECT listing FROM clock")[0]["listing"])

    def _run(self, row: Any) -> Run:
        read = functools.partial(self._result, row["id"], row["kind"], row["revision"])
        return run_of(row, read)

    def _result(self, run_id: str, kind: str, revision: int) -> ResultRow | None:
        """The result of a row, read once for all who ask soon after each other."""
        key = (run_id, revision)
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
        rows = self._database.rows("SELECT result FROM runs WHERE id = ?", (run_id,))
        if not rows or not rows[0]["result"]:
            return None
        result = ResultRow.read(kind, rows[0]["result"])
        with self._lock:
            self._results[key] = result
            while len(self._results) > _KEPT_RESULTS:
                self._results.popitem(last=False)
        return result
