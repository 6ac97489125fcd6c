"""The SQLite file: schema, version, one transaction at a time."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sdqviz.base.errors import SdqvizError

SCHEMA_VERSION = 7
LOCKED_SECONDS = 30.0  # that others are waited for who hold the file
_PAUSE_SECONDS = 0.05
# `shown` names the models behind the pictures in their order; is_right is NULL for "not sure".
_ANSWERS = """
CREATE TABLE answers (
    session TEXT NOT NULL,
    trial INTEGER NOT NULL,
    run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    scene TEXT NOT NULL,
    shown TEXT NOT NULL,
    answer TEXT,
    is_right INTEGER,
    at REAL,
    PRIMARY KEY (session, trial)
);
CREATE INDEX answers_by_run ON answers(run, kind);
"""
# Each change of a run gets the next revision, so that a reader takes up what is new. A heartbeat is
# no change. `visitor` is who asked for the run; `seconds` and `format` are its result's.
_CLOCK = """
ALTER TABLE runs ADD COLUMN visitor TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN seconds REAL;
ALTER TABLE runs ADD COLUMN format INTEGER;
ALTER TABLE runs ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET seconds = json_extract(result, '$.seconds'),
    format = COALESCE(json_extract(result, '$.format'), 1)
    WHERE result IS NOT NULL AND json_valid(result);
CREATE INDEX runs_by_revision ON runs(revision);
CREATE TABLE clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL DEFAULT 0,
    listing INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0
);
INSERT INTO clock (id) VALUES (1);
CREATE TRIGGER run_added AFTER INSERT ON runs BEGIN
    UPDATE clock SET revision = revision + 1, listing = listing + 1;
    UPDATE runs SET revision = (SELECT revision FROM clock) WHERE id = NEW.id;
END;
CREATE TRIGGER run_changed AFTER UPDATE OF kind, spec, state, stage, progress, eta_seconds, result,
    error, created, started, ended, attempt, cancel, pid, pid_started, seconds, format, visitor
    ON runs BEGIN
    UPDATE clock SET revision = revision + 1, listing = listing + (NEW.state IS NOT OLD.state);
    UPDATE runs SET revision = (SELECT revision FROM clock) WHERE id = NEW.id;
END;
CREATE TRIGGER run_deleted AFTER DELETE ON runs BEGIN
    UPDATE clock SET revision = revision + 1, listing = listing + 1, deleted = deleted + 1;
END;
CREATE TRIGGER event_added AFTER INSERT ON events BEGIN
    UPDATE clock SET events = events + 1;
END;
CREATE TRIGGER event_deleted AFTER DELETE ON events BEGIN
    UPDATE clock SET events = events + 1;
END;
"""
# Which attempt of the run told an event, and in which stage: the next attempt tells it again.
_TOLD_BY = """
ALTER TABLE events ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN stage TEXT NOT NULL DEFAULT '';
"""
# Where in its stage a run is, and between which seconds the time left lies: written together with
# what the clock follows.
_PLACE = """
ALTER TABLE runs ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN eta_low REAL;
ALTER TABLE runs ADD COLUMN eta_high REAL;
"""
# Who has runs, and since when, without reading the rows: results lie before the later columns.
_BY_VISITOR = "CREATE INDEX runs_by_visitor ON runs(visitor, created, kind);"
# What people do with a run. The clock follows it, and lists change with it.
_TENDED = """
ALTER TABLE runs ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE runs ADD COLUMN deleted REAL;
ALTER TABLE runs ADD COLUMN dismissed INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER run_tended AFTER UPDATE OF name, tags, deleted, dismissed ON runs BEGIN
    UPDATE clock SET revision = revision + 1, listing = listing + 1;
    UPDATE runs SET revision = (SELECT revision FROM clock) WHERE id = NEW.id;
END;
"""
_FIRST = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    spec TEXT NOT NULL,
    state TEXT NOT NULL,
    stage TEXT NOT NULL DEFAULT '',
    progress REAL NOT NULL DEFAULT 0,
    eta_seconds REAL,
    result TEXT,
    error TEXT,
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    attempt INTEGER NOT NULL DEFAULT 0,
    cancel INTEGER NOT NULL DEFAULT 0,
    lease_until REAL,
    pid INTEGER,
    pid_started REAL
);
CREATE TABLE events (
    run TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
);
CREATE TABLE products (
    key TEXT PRIMARY KEY,
    blob TEXT NOT NULL,
    run TEXT,
    created REAL NOT NULL
);
CREATE TABLE catalog (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    body TEXT NOT NULL
);
CREATE INDEX runs_by_state ON runs(state, created);
"""
# MIGRATIONS[v] takes a store from version v to v + 1; 0 is an empty file.
MIGRATIONS: dict[int, str] = {
    **{0: _FIRST, 1: _ANSWERS, 2: _CLOCK, 3: _TOLD_BY, 4: _PLACE, 5: _BY_VISITOR},
    **{6: _TENDED},
}


class Database:
    """One SQLite file in WAL mode. Each use opens its own connection, so threads are free. A file
    that others hold is waited for; whatever else is wrong with it is a SdqvizError.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        with self._connect() as connection:
            self._prepare(connection)

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        with self._told_in_a_line():
            connection = sqlite3.connect(self.file, timeout=LOCKED_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            with self._told_in_a_line():
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA synchronous = NORMAL")
                yield connection
        finally:
            connection.close()

    @contextmanager
    def _told_in_a_line(self) -> Iterator[None]:
        """Errors of the file become SdqvizErrors; of a broken promise between rows its caller knows
        what that means.
        """
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise
        except sqlite3.DatabaseError as error:
            if _is_locked(error):
                raise SdqvizError(
                    f"{self.file} has been locked by another process for {LOCKED_SECONDS:.0f} s",
                    "end whatever holds it, then try again",
                ) from error
            told = str(error)
            if "full" in told or "readonly" in told or "I/O" in told:
                raise SdqvizError(
                    f"cannot write {self.file}: {error}", "free disk space or set SDQVIZ_HOME"
                ) from error
            if "unable to open" in told:
                raise SdqvizError(
                    f"cannot open {self.file}: {error}", "check the folder's permissions"
                ) from error
            raise SdqvizError(
                f"{self.file} is not a readable store: {error}", "move it away and start again"
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction, taken at once so that two workers cannot claim one run."""
        with self._connect() as connection:
            _unlocked(connection, "BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                _roll_back(connection)
                raise
            connection.execute("COMMIT")

    def rows(self, query: str, values: tuple = ()) -> list[sqlite3.Row]:
        with self._connect() as connection:
            return _unlocked(connection, query, values).fetchall()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        _unlocked(connection, "PRAGMA journal_mode = WAL")
        _unlocked(connection, "BEGIN IMMEDIATE")
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA_VERSION:
                raise SdqvizError(
                    f"the store {self.file} has version {version}; this sdqviz knows "
                    f"{SCHEMA_VERSION}",
                    "update sdqviz, or set SDQVIZ_HOME to another folder",
                )
            if 0 < version < SCHEMA_VERSION:
                self._back_up(version)
            for step in range(version, SCHEMA_VERSION):
                for statement in _statements(MIGRATIONS[step]):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except BaseException:
            _roll_back(connection)
            raise
        connection.execute("COMMIT")

    def _back_up(self, version: int) -> None:
        copy = self.file.with_name(f"{self.file.name}.v{version}-{int(time.time())}.backup")
        source = sqlite3.connect(self.file)
        target = sqlite3.connect(copy)
        try:
            source.backup(target)
        finally:
            source.close()
            target.close()


def _unlocked(connection: sqlite3.Connection, statement: str, values: tuple = ()) -> sqlite3.Cursor:
    """Executes what begins something, again and again while the file is held. SQLite waits itself,
    but not where it fears that two wait for each other (recovery, the change to WAL).
    """
    until = time.monotonic() + LOCKED_SECONDS
    while True:
        try:
            return connection.execute(statement, values)
        except sqlite3.OperationalError as error:
            if not _is_locked(error) or time.monotonic() >= until:
                raise
            time.sleep(_PAUSE_SECONDS)


def _roll_back(connection: sqlite3.Connection) -> None:
    """Undoes what was begun, which SQLite does itself where the disk is full."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _is_locked(error: sqlite3.Error) -> bool:
    return "locked" in str(error) or "busy" in str(error)


def _statements(script: str) -> Iterator[str]:
    """The script's statements; a trigger has semicolons of its own."""
    statement = ""
    for part in script.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \n;"):
                yield statement
            statement = ""


def free_bytes(folder: Path) -> int:
    """Disk space left where `folder` lies."""
    return shutil.disk_usage(folder).free
