"""An ablation as files: table, picture and the events of every arm."""

import json
from collections.abc import Sequence
from pathlib import Path

from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import event_to_row
from sdqviz.results.ablation import ArmRow
from sdqviz.store.runs import Run
from sdqviz.store.store import Store
from sdqviz.views.charts.svg import standalone
from sdqviz.views.training.ablation import ablation_plot, ablation_table


def write_ablation(store: Store, rows: Sequence[ArmRow], arms: list[Run], out: Path) -> None:
    """table.md, table.json, plot.svg, and one file of events per arm."""
    try:
        (out / "events").mkdir(parents=True, exist_ok=True)
        (out / "table.md").write_text(ablation_table(rows), encoding="utf-8")
        text = json.dumps([row.as_row() for row in rows], indent=1)
        (out / "table.json").write_text(text + "\n", encoding="utf-8")
        (out / "plot.svg").write_text(standalone(ablation_plot(rows)), encoding="utf-8")
        for run in arms:
            events = [event_to_row(event) for event in store.records.events(run.id)]
            text = json.dumps({"run": run.id, "arm": run.spec["arm"], "events": events})
            (out / "events" / f"{run.id}.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise SdqvizError(
            f"cannot write {out}: {error.strerror or error}", "choose another --out"
        ) from error
