"""What a worker tells of the run that it took. Each change names its attempt."""

import json
import os
import time
from typing import Any

from sdqviz.results.version import format_of, numbered
from sdqviz.store.attempt import refuse_superseded
from sdqviz.store.db import Database
from sdqviz.store.run import (
    ACTIVE,
    CANCELLED,
    DONE,
    FINISHING,
    INTERRUPTED,
    QUEUED,
    RUNNING,
    STOPPING,
)

LEASE_SECONDS = 15.0
_ANY_ACTIVE = ", ".join("?" * len(ACTIVE))


class Worked:
    """The part of `Runs` that workers write. `attempt` is the number that `claim` gave; an older
    one's changes are refused with a SupersededError.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def heartbeat(self, run_id: str, attempt: int | None = None) -> None:
        """Keeps the lease of a run that this process holds. One that lapsed (the clock leapt, the
        machine slept) is taken back as long as nobody else took it.
        """
        until, own = time.time() + LEASE_SECONDS, os.getpid()
        with self._database.transaction() as sql:
            refuse_superseded(sql, run_id, attempt)
            kept = sql.execute(
                f"UPDATE runs SET lease_until = ? WHERE id = ? AND pid = ?"
                f" AND state IN ({_ANY_ACTIVE})",
                (until, run_id, own, *ACTIVE),
            )
            if kept.rowcount or attempt is None:
                return
            # Cancelled by whoever thought the worker dead, or since: it is stopped in earnest.
            sql.execute(
                "UPDATE runs SET lease_until = ?, ended = NULL,"
                " cancel = MAX(cancel, state = ?),"
                " state = CASE WHEN cancel > 0 OR state = ? THEN ? ELSE ? END"
                " WHERE id = ? AND pid = ? AND state IN (?, ?, ?) AND deleted IS NULL",
                (
                    *(until, CANCELLED, CANCELLED, STOPPING, RUNNING),
                    *(run_id, own, INTERRUPTED, QUEUED, CANCELLED),
                ),
            )

    def set_progress(
        self,
        run_id: str,
        stage: str,
        progress: float,
        eta_seconds: float | None,
        attempt: int | None = None,
        *,
        place: str = "",
        eta_range: tuple[float, float] | None = None,
    ) -> None:
        """`place`: where in the stage that is, in words; `eta_range`: least and most seconds."""
        low, high = eta_range or (eta_seconds, eta_seconds)
        with self._database.transaction() as sql:
            refuse_superseded(sql, run_id, attempt)
            sql.execute(
                "UPDATE runs SET stage = ?, progress = ?, eta_seconds = ?, place = ?, eta_low = ?,"
                " eta_high = ? WHERE id = ?",
                (stage, progress, eta_seconds, place, low, high, run_id),
            )

    def finish(
        self,
        run_id: str,
        state: str,
        result: dict[str, Any] | None = None,
        error: dict[str, str] | None = None,
        attempt: int | None = None,
    ) -> None:
        kept = numbered(result) if result is not None else None
        with self._database.transaction() as sql:
            refuse_superseded(sql, run_id, attempt)
            sql.execute(
                "UPDATE runs SET state = ?, result = COALESCE(?, result),"
                " seconds = COALESCE(?, seconds), format = COALESCE(?, format), error = ?,"
                " ended = ?, eta_seconds = NULL, lease_until = NULL, pid = NULL,"
                " progress = CASE WHEN ? = 'done' THEN 1 ELSE progress END WHERE id = ?",
                (
                    state,
                    json.dumps(kept) if kept is not None else None,
                    kept.get("seconds") if kept is not None else None,
                    format_of(kept) if kept is not None else None,
                    json.dumps(error) if error is not None else None,
                    time.time(),
                    state,
                    run_id,
                ),
            )

    def set_result(
        self,
        run_id: str,
        result: dict[str, Any],
        worker: tuple[str, int] | None = None,
    ) -> None:
        """Gives a finished run another result, such as the same with more scores. `worker` is the
        run, and the attempt of it, that made it.
        """
        kept = numbered(result)
        with self._database.transaction() as sql:
            if worker is not None:
                refuse_superseded(sql, *worker)
            sql.execute(
                "UPDATE runs SET result = ?, seconds = ?, format = ? WHERE id = ? AND state = ?",
                (json.dumps(kept), result.get("seconds"), format_of(kept), run_id, DONE),
            )

    def decline_finish(self, run_id: str, attempt: int | None = None) -> None:
        """The training goes on after all."""
        with self._database.transaction() as sql:
            refuse_superseded(sql, run_id, attempt)
            sql.execute(
                "UPDATE runs SET state = ? WHERE id = ? AND state = ?",
                (RUNNING, run_id, FINISHING),
            )
