"""Answers of blind tests: a session's trials are written when it starts, each answer once."""

import itertools
import secrets
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from sdqviz.base.blind import ANSWERS, MISSING, Session, Tally, Trial, draw_trials, tally
from sdqviz.base.errors import SdqvizError
from sdqviz.store.db import Database

LATE_SECONDS = 300.0  # after which a test that stands still is given up


class Answers:
    """Nothing here says who answered: a session is a random number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, run_id: str, kind: str, scenes: Sequence[str], count: int) -> Session:
        """Draws a test over the scenes' ids and keeps it. The run owns it: both go together."""
        session, trials = secrets.token_hex(16), draw_trials(kind, scenes, count)
        rows = [(session, t.number, run_id, kind, t.scene, " ".join(t.shown)) for t in trials]
        try:
            with self._database.transaction() as sql:
                sql.executemany(
                    "INSERT INTO answers (session, trial, run, kind, scene, shown)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    rows,
                )
        except sqlite3.IntegrityError as error:
            raise SdqvizError(f"run {run_id} is gone", "choose another run") from error
        return Session(id=session, run=run_id, kind=kind, trials=trials)

    def session(self, session: str) -> Session:
        rows = self._database.rows(
            "SELECT * FROM answers WHERE session = ? ORDER BY trial", (session,)
        )
        if not rows:
            raise SdqvizError("this blind test is gone with its run", "start a new one")
        trials = tuple(_trial(row) for row in rows)
        return Session(id=session, run=rows[0]["run"], kind=rows[0]["kind"], trials=trials)

    def answer(self, session: str, number: int, answer: str) -> Session:
        """Keeps the answer to one trial, the first that comes, and returns the session."""
        if answer not in (*ANSWERS, MISSING):
            raise SdqvizError(f"no answer {answer!r}", f"answer {', '.join(ANSWERS)}")
        asked = [t for t in self.session(session).trials if t.number == number]
        if not asked:
            raise SdqvizError(f"this blind test has no trial {number}", "start a new one")
        given = Trial(number=number, scene=asked[0].scene, shown=asked[0].shown, answer=answer)
        with self._database.transaction() as sql:
            sql.execute(
                "UPDATE answers SET answer = ?, is_right = ?, at = ?"
                " WHERE session = ? AND trial = ? AND answer IS NULL",
                (answer, given.is_right, time.time(), session, number),
            )
        return self.session(session)

    def finished(self, run_id: str, kind: str) -> list[Tally]:
        """The counts of every test that was answered to its end, in the order of their ends.

        Tests broken off do not count: who stops when it goes well would lift the share.
        """
        rows = self._database.rows(
            "SELECT * FROM answers WHERE run = ? AND kind = ? AND session NOT IN"
            " (SELECT session FROM answers WHERE run = ? AND kind = ? AND answer IS NULL)"
            " ORDER BY session, trial",
            (run_id, kind, run_id, kind),
        )
        tests = [list(group) for _, group in itertools.groupby(rows, lambda r: r["session"])]
        tests.sort(key=lambda test: max(row["at"] for row in test))
        return [tally([_trial(row) for row in test]) for test in tests]

    def under_way(self, run_id: str, kind: str) -> int:
        """How many tests are being taken: begun, not at their end, answered of late."""
        rows = self._database.rows(
            "SELECT session FROM answers WHERE run = ? AND kind = ? GROUP BY session"
            " HAVING COUNT(answer) < COUNT(*) AND MAX(at) > ?",
            (run_id, kind, time.time() - LATE_SECONDS),
        )
        return len(rows)


def _trial(row: Any) -> Trial:
    return Trial(
        number=row["trial"],
        scene=row["scene"],
        shown=tuple(row["shown"].split()),
        answer=row["answer"],
    )
