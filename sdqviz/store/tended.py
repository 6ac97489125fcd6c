"""What people do with a run afterwards: a name, tags, out of sight, into the bin and back."""

import json
import re
import time
from abc import abstractmethod
from collections.abc import Collection, Sequence

from sdqviz.base.errors import SdqvizError
from sdqviz.store.run import ACTIVE, CANCELLED, QUEUED, Run
from sdqviz.store.worked import Worked

BIN_SECONDS = 30 * 24 * 3600.0  # that a deleted run can be brought back
FEATURED = "featured"  # the tag of a run that every visitor sees
LONGEST_NAME, LONGEST_TAG, MOST_TAGS = 80, 24, 8
_TAG = re.compile(r"\w[\w .+-]*")
_ANY_ACTIVE = ", ".join("?" * len(ACTIVE))


class Tended(Worked):
    """The part of `Runs` for that. Each method takes an id or its first letters, and raises
    SdqvizError for a run that is not there.
    """

    _bundled: frozenset[str] = frozenset()

    @abstractmethod
    def get(self, run_id: str) -> Run: ...

    @abstractmethod
    def binned(self, run_id: str) -> Run:
        """A run in the bin."""

    def protect(self, ids: Collection[str]) -> None:
        """These runs are never deleted: the next start would bring them again."""
        self._bundled = self._bundled | frozenset(ids)

    def describe(
        self, run_id: str, name: str | None = None, tags: Sequence[str] | None = None
    ) -> Run:
        """Gives the run this name, these tags and no others; None leaves what is there. With an
        empty name it is called by its settings again.
        """
        run = self.get(run_id)
        named = run.name if name is None else checked_name(name)
        tagged = list(run.tags) if tags is None else checked_tags(tags)
        return self._write(run, "name = ?, tags = ?", named, json.dumps(tagged))

    def dismiss(self, run_id: str, dismissed: bool = True) -> Run:
        """Whether a job that stopped is out of sight: it stays in the list of all jobs."""
        return self._write(self.get(run_id), "dismissed = ?", int(dismissed))

    def delete(self, run_id: str) -> Run:
        """Into the bin: nothing lists it, and `restore` brings it back for `BIN_SECONDS`."""
        run = self.get(run_id)
        if run.id in self._bundled:
            raise SdqvizError(f"run {run.id} comes with sdqviz", "delete one of your own")
        now = time.time()
        with self._database.transaction() as sql:
            deleted = sql.execute(
                "UPDATE runs SET deleted = ?, ended = COALESCE(ended, ?),"
                " state = CASE state WHEN ? THEN ? ELSE state END"
                f" WHERE id = ? AND deleted IS NULL AND state NOT IN ({_ANY_ACTIVE})",
                (now, now, QUEUED, CANCELLED, run.id, *ACTIVE),
            )
        if not deleted.rowcount:
            raise SdqvizError(f"run {run.id} is {self.get(run.id).state}", "cancel it first")
        return self.binned(run.id)

    def restore(self, run_id: str) -> Run:
        """Out of the bin, as it was."""
        run = self.binned(run_id)
        with self._database.transaction() as sql:
            sql.execute("UPDATE runs SET deleted = NULL WHERE id = ?", (run.id,))
        return self.get(run.id)

    def forget(self, run_id: str) -> None:
        """Deletes a run for good, with what it told and the answers given to it."""
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM products WHERE run = ?", (run_id,))
            sql.execute("DELETE FROM runs WHERE id = ?", (run_id,))

    def forget_visitors(self, older_than_seconds: float) -> int:
        """Forgets visitors' runs that ended so long ago, also those in the bin, but no featured
        one; returns how many.
        """
        query = (
            "SELECT id, tags FROM runs WHERE visitor != '' AND ended <= ?"
            f" AND state NOT IN (?, {_ANY_ACTIVE})"
        )
        latest = time.time() - older_than_seconds
        rows = self._database.rows(query, (latest, QUEUED, *ACTIVE))
        gone = [row["id"] for row in rows if f'"{FEATURED}"' not in row["tags"]]
        for run_id in gone:
            self.forget(run_id)
        return len(gone)

    def empty_bin(self, older_than_seconds: float = BIN_SECONDS) -> int:
        """Forgets what lies there for so long; returns how many runs."""
        query = "SELECT id FROM runs WHERE deleted IS NOT NULL AND deleted <= ?"
        rows = self._database.rows(query, (time.time() - older_than_seconds,))
        for row in rows:
            self.forget(row["id"])
        return len(rows)

    def _write(self, run: Run, change: str, *values: str | int) -> Run:
        with self._database.transaction() as sql:
            sql.execute(f"UPDATE runs SET {change} WHERE id = ?", (*values, run.id))
        return self.get(run.id)


def checked_name(text: str) -> str:
    """The name on one line, of at most `LONGEST_NAME` letters."""
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise SdqvizError(
            f"the name has {len(name)} letters, {LONGEST_NAME} printable ones is the most",
            "shorten it",
        )
    return name


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Each tag once, without spaces around it."""
    found = list(dict.fromkeys(name for tag in tags if (name := " ".join(tag.split()))))
    wrong = [tag for tag in found if len(tag) > LONGEST_TAG or not _TAG.fullmatch(tag)]
    if wrong:
        raise SdqvizError(
            f"{wrong[0][:40]!r} is no tag",
            f"a tag has up to {LONGEST_TAG} letters, digits, spaces, '.', '+', '-'",
        )
    if len(found) > MOST_TAGS:
        raise SdqvizError(f"{len(found)} tags, and {MOST_TAGS} is the most", "leave some out")
    return found
