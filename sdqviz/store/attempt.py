"""Each time a run is taken is an attempt of its own; what an older one still writes is refused."""

import sqlite3

from sdqviz.base.errors import SdqvizError


class SupersededError(SdqvizError):
    """The run is another worker's by now, or gone: whoever worked it leaves it as it is."""


def refuse_superseded(sql: sqlite3.Connection, run_id: str, attempt: int | None) -> None:
    """Raises SupersededError unless `attempt` is the run's last one. In the transaction that
    writes. None is whoever is no worker: a request, an import.
    """
    if attempt is None:
        return
    row = sql.execute("SELECT attempt, deleted FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None or row["deleted"] is not None:
        raise SupersededError(f"run {run_id} is gone", f"attempt {attempt} of it ends here")
    if row["attempt"] != attempt:
        raise SupersededError(
            f"run {run_id} was taken over by attempt {row['attempt']}",
            f"attempt {attempt} ends here",
        )
