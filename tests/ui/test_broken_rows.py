"""One run's damaged row breaks no list: runs, page, command line, garbage, export."""

import json
import shutil
import sqlite3
from typing import Any

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.cli.runs import runs_gc, runs_list
from sdqviz.publish.bundle import export_run, import_run
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.estimate import call_seconds
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import ACTIVE, FAILED
from sdqviz.ui.context import AppContext
from sdqviz.views.compare.pair import viewer_document
from sdqviz.views.runs.card import run_card
from sdqviz.views.runs.listing import latest, open_runs, scenes_of
from tests.ui.tabs.test_runs import caller

DAMAGES: dict[str, dict[str, Any]] = {
    "spec cut short": {"spec": "{"},
    "spec a list": {"spec": "[]"},
    "spec a number": {"spec": "3"},
    "spec bytes": {"spec": b"\x00\xff"},
    "spec empty": {"spec": "{}"},
    "model a number": {"spec": '{"model": 3, "recipe": "fidelity", "preset": "q", "config": {}}'},
    "no config": {"spec": '{"model": "mini-sd1", "recipe": "fidelity", "preset": "quick"}'},
    "no bits": {"spec": '{"model": "mini-sd1", "recipe": "f", "preset": "q", "config": {}}'},
    "result cut short": {"result": "{"},
    "result a list": {"result": "[]"},
    "result like no other": {"result": '{"packed": 1, "scenes": 3}'},
    "result bytes": {"result": b"\x00\xff"},
    "result nested without end": {"result": "[" * 100_000},
    "error a text": {"error": '"no"', "state": "failed"},
    "error cut short": {"error": "{", "state": "failed"},
    "created a word": {"created": "now"},
    "progress a word": {"progress": "half", "state": "running"},
    "seconds a word": {"seconds": "long"},
    "format a word": {"format": "new"},
    "attempt a word": {"attempt": "one"},
    "an unknown kind": {"kind": "dream"},
    "an unknown state": {"state": "asleep"},
    "drawn of nothing": {"kind": "generate", "spec": "{}"},
    "compared with nothing": {"kind": "compare", "spec": "{}"},
    "scored of nothing": {"kind": "score", "spec": "{}", "state": "failed"},
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A home with one whole run."""
    from sdqviz.store.store import Store

    folder = tmp_path_factory.mktemp("filled") / "home"
    store = Store(folder)
    return folder, import_run(store, assets_folder() / "demo" / "mini-sd1-round-nearest")


def damage(store, whole: str, changes: dict[str, Any]) -> str:
    """The newest run: a copy of the whole one with some columns changed."""
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM runs WHERE id = ?", (whole,)).fetchone())
        row |= {"id": "b" * 12, "created": row["created"] + 1e6, **changes}
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO runs ({names}) VALUES ({marks})", tuple(row.values()))
    return "b" * 12


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_row_breaks_no_list(filled, home, store, tmp_path, capsys, monkeypatch, name):
    folder, whole = filled
    monkeypatch.setattr("sdqviz.cli.runs.open_store", lambda: store)  # no bundled runs beside them
    shutil.copytree(folder, home, dirs_exist_ok=True)
    broken = damage(store, whole, DAMAGES[name])
    runs = store.runs.list()
    assert sorted(run.id for run in runs) == sorted([whole, broken])
    assert store.runs.get(broken).id == broken

    runs_list(as_json=True)
    listed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {row["run"] for row in listed["runs"]} == {whole, broken}
    good = store.runs.get(whole)
    call_seconds(runs, good.spec)
    open_runs(runs), latest(runs)
    scenes = scenes_of(good, runs)
    viewer_document(good, next(iter(scenes.values())), runs, lambda blob: blob)
    nothing: Any = None
    context = AppContext(store, static_catalog, *[nothing] * 6)
    assert run_card(store.runs.get(broken), 0, [], context.stages)

    shown = context.finished_run(None)
    assert shown is not None and shown.id == whole
    call = caller(context)
    table, jobs = call("RunsTab.build.fill")
    assert [row[0] for row in table["value"]["data"]] == [whole]
    assert len(jobs["data"] if isinstance(jobs, dict) else jobs) == 2
    call("build_pareto.draw", whole, "packed size", "flip")
    call("build_difference.choices", whole, None, None)

    before = sorted(p.name for p in store.blobs.folder.glob("??/*"))
    runs_gc(as_json=True)
    assert sorted(p.name for p in store.blobs.folder.glob("??/*")) == before
    export_run(store, good, tmp_path / "out")
    if store.runs.get(broken).state in ACTIVE:
        store.runs.expire()
    store.runs.delete(broken)
    assert [run.id for run in store.runs.list()] == [whole]


def test_a_damaged_run_that_waits_fails_in_one_line(store):
    run_id = store.runs.add("quantize", {})
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.execute("UPDATE runs SET spec = '{'")
    assert execute(store, store.runs.claim(), ModelCache()) == FAILED
    assert f"the row of run {run_id} is damaged" in store.runs.get(run_id).error["error"]
    assert store.runs.claim() is None
