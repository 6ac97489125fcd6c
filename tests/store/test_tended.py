"""Runs get names and tags, and rest in a bin before they are gone."""

import sqlite3

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.publish.bundle import import_demos
from sdqviz.store.asker import NOBODY, OPERATOR, Asker
from sdqviz.store.own import OwnRuns
from sdqviz.store.runs import CANCELLED, FAILED, INTERRUPTED
from sdqviz.store.store import Store
from sdqviz.store.tended import BIN_SECONDS, checked_tags

ANNA, BEN = Asker(visitor="a"), Asker(visitor="b")


@pytest.fixture
def run_id(store):
    return store.runs.add("quantize", {"model": "m"}, visitor="a")


def aged(store, seconds: float) -> None:
    """What lies in the bin lies there so much longer."""
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.execute("UPDATE runs SET deleted = deleted - ?", (seconds,))


def test_a_name_and_tags_stay_and_every_reader_hears_of_them(store, run_id):
    other = Store(store.folder)
    assert other.runs.list()[0].name == ""
    before = (store.runs.version(), store.runs.listing())
    store.runs.describe(run_id, name="  for\tthe  class ", tags=["b", " a ", "b", ""])
    seen = other.runs.list()[0]
    assert (seen.name, seen.tags) == ("for the class", ("b", "a"))
    now = (store.runs.version(), store.runs.listing())
    assert all(a != b for a, b in zip(before, now, strict=True))
    store.runs.describe(run_id, tags=[])
    assert (other.runs.get(run_id).name, other.runs.get(run_id).tags) == ("for the class", ())
    store.runs.describe(run_id, name="")
    assert other.runs.get(run_id).name == ""


def test_what_is_no_name_or_tag_is_refused_and_changes_nothing(store, run_id):
    store.runs.describe(run_id, "before", ["kept"])
    for name, tags, told in (
        ("x" * 81, ["a"], "81 letters, 80"),
        ("a\x1b[31m", ["a"], "printable"),
        ("good", ["<b>"], "'<b>' is no tag"),
        ("good", ["x" * 25], "is no tag"),
        ("good", list("abcdefghi"), "9 tags, and 8"),
    ):
        with pytest.raises(SdqvizError, match=told):
            store.runs.describe(run_id, name, tags)
    run = store.runs.get(run_id)
    assert (run.name, run.tags) == ("before", ("kept",))
    assert checked_tags(["größer 2.0", "w4-a8"]) == ["größer 2.0", "w4-a8"]


def test_a_deleted_run_is_nowhere_and_comes_back_as_it_was(store, run_id):
    store.runs.describe(run_id, "name", ["tag"])
    gone = store.runs.delete(run_id[:6])
    assert gone.state == CANCELLED and gone.deleted  # it waited: no worker takes it now
    assert store.runs.list() == [] and not store.runs.has(run_id) and store.runs.claim() is None
    assert [run.id for run in store.runs.bin()] == [run_id]
    for use in (store.runs.get, store.runs.delete, store.runs.resume, store.runs.request_cancel):
        with pytest.raises(SdqvizError, match=f"run {run_id} is deleted") as told:
            use(run_id)
        assert f"sdqviz runs restore {run_id}" in told.value.hint
    back = store.runs.restore(run_id)
    assert (back.name, back.tags, back.state) == ("name", ("tag",), CANCELLED)
    assert [run.id for run in store.runs.list()] == [run_id] and store.runs.bin() == []
    with pytest.raises(SdqvizError, match="is not deleted"):
        store.runs.restore(run_id)
    assert store.runs.resume(run_id).state == "queued"


def test_the_bin_keeps_a_run_for_thirty_days(store, run_id):
    blob = store.blobs.put(b"a picture", "png")
    store.records.keep(run_id, "key", blob)
    (store.scratch(run_id) / "state").write_bytes(b"of a training")
    store.runs.delete(run_id)
    aged(store, BIN_SECONDS - 60)
    assert store.runs.empty_bin() == 0
    store.clear_scratch()
    store.records.collect_garbage(0.0)
    assert store.blobs.get(blob) and (store.scratch(run_id) / "state").exists()
    aged(store, 120)
    assert store.runs.empty_bin() == 1 and store.runs.bin() == []
    store.clear_scratch()
    store.records.collect_garbage(0.0)
    assert not store.blobs.path(blob).exists()
    with pytest.raises(SdqvizError, match="no run"):
        store.runs.restore(run_id)


def test_nothing_that_is_bundled_or_worked_is_deleted(store, run_id):
    for bundled in import_demos(store, assets_folder() / "demo"):
        with pytest.raises(SdqvizError, match="comes with sdqviz"):
            store.runs.delete(bundled)
    store.runs.claim(run_id)
    with pytest.raises(SdqvizError, match="is running"):
        store.runs.delete(run_id)
    assert store.runs.bin() == []


def test_a_worker_that_lives_after_all_leaves_a_deleted_run_alone(store, run_id):
    run = store.runs.claim(run_id)
    with sqlite3.connect(store.folder / "store.sqlite") as connection:
        connection.execute("UPDATE runs SET lease_until = 1")
    store.runs.expire()
    assert store.runs.delete(run_id).state == INTERRUPTED
    with pytest.raises(SdqvizError, match="is gone"):
        store.runs.heartbeat(run_id, run.attempt)
    assert store.runs.bin()[0].state == INTERRUPTED


def test_a_job_that_stopped_is_dismissed_until_it_is_resumed(store, run_id):
    store.runs.finish(run_id, FAILED, error={"error": "no"})
    assert store.runs.dismiss(run_id).dismissed
    assert not store.runs.dismiss(run_id, False).dismissed
    store.runs.dismiss(run_id)
    assert not store.runs.resume(run_id).dismissed


class Theirs:
    def __init__(self, store) -> None:
        self.asker = NOBODY
        self.shared: set[str] = set()
        self.runs = OwnRuns(store.runs, lambda: self.asker, lambda run: run.id in self.shared)


def test_only_its_owner_and_the_operator_tend_a_run(store, run_id):
    theirs = Theirs(store)
    changes = (
        lambda run: theirs.runs.describe(run, "mine", ["a"]),
        lambda run: theirs.runs.dismiss(run),
        lambda run: theirs.runs.delete(run),
    )
    for asker in (BEN, NOBODY):
        theirs.asker = asker
        for change in changes:
            with pytest.raises(SdqvizError, match="is not yours"):
                change(run_id)
    run = store.runs.get(run_id)
    assert (run.name, run.dismissed, run.deleted) == ("", False, None)
    for asker in (ANNA, OPERATOR):
        theirs.asker = asker
        for change in changes:
            change(run_id)
        assert [run.id for run in theirs.runs.bin()] == [run_id]
        theirs.asker = BEN
        assert theirs.runs.bin() == []
        with pytest.raises(SdqvizError, match="is not yours"):
            theirs.runs.restore(run_id)
        theirs.asker = asker
        assert theirs.runs.restore(run_id).name == "mine"


def test_what_is_everybodys_is_not_deleted_and_only_the_operator_features(store, run_id):
    theirs = Theirs(store)
    theirs.asker = ANNA
    for tags in (["featured"], ["a", "featured"]):
        with pytest.raises(SdqvizError, match="shows a run to everybody"):
            theirs.runs.describe(run_id, tags=tags)
    theirs.asker = OPERATOR
    theirs.runs.describe(run_id, tags=["featured"])
    theirs.asker = ANNA
    assert theirs.runs.describe(run_id, "named").tags == ("featured",)
    with pytest.raises(SdqvizError, match="shows a run to everybody"):
        theirs.runs.describe(run_id, tags=[])
    theirs.shared = {run_id}
    for asker in (ANNA, OPERATOR):
        theirs.asker = asker
        with pytest.raises(SdqvizError, match="is everybody's"):
            theirs.runs.delete(run_id)
