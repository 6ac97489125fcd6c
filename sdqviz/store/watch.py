"""Whether anything was written to the store, asked thousands of times a second."""

import sqlite3
from pathlib import Path


class Watch:
    """One open connection to a database's file, for any thread: SQLite takes turns."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None

    def version(self) -> object:
        """Another value after each commit of anyone else; never the same where the file cannot be
        read, so that nothing is taken for unchanged.
        """
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(self._file, check_same_thread=False)
            return self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            return object()
