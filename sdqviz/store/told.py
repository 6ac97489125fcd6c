"""Events as rows: appended in order, forgotten where they are told again, read back."""

import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from sdqviz.base.events import SECONDS, Event, Log, event_from_row, event_to_row


def insert_events(
    sql: sqlite3.Connection, run_id: str, events: Sequence[Event], attempt: int = 0, stage: str = ""
) -> None:
    """Adds the events behind those of the run that are there, in the caller's transaction."""
    query = "SELECT COALESCE(MAX(sequence), 0) AS last FROM events WHERE run = ?"
    last = sql.execute(query, (run_id,)).fetchone()["last"]
    rows = []
    for number, event in enumerate(events, start=last + 1):
        kind, body = event_to_row(event)
        rows.append((run_id, number, time.time(), kind, json.dumps(body), attempt, stage))
    sql.executemany(
        "INSERT INTO events (run, sequence, at, kind, body, attempt, stage)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def forget_told(sql: sqlite3.Connection, run_id: str, stage: str, attempt: int) -> None:
    """Deletes what attempts before this one told in the stage, but logs and the seconds spent.
    (Of what older versions kept the stage is not known.)
    """
    rows = sql.execute(
        "SELECT sequence, kind, body FROM events"
        " WHERE run = ? AND attempt < ? AND stage IN (?, '') AND kind != 'Log'",
        (run_id, attempt, stage),
    ).fetchall()
    told = [(run_id, row["sequence"]) for row in rows if not _is_spent(row)]
    sql.executemany("DELETE FROM events WHERE run = ? AND sequence = ?", told)


def read_event(row: Any) -> Event:
    """The event of a row (kind, body, sequence). One damaged row must not hide all others."""
    try:
        return event_from_row(row["kind"], json.loads(row["body"]))
    except (ValueError, LookupError, TypeError):
        message = f"event {row['sequence']} of this run is damaged and left out"
        return Log(message=message, level="warning")


def _is_spent(row: Any) -> bool:
    event = read_event(row)
    return getattr(event, "name", None) == SECONDS
