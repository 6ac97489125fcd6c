"""`sdqviz runs rename`, `tag`, `delete` and `restore`, and what lies in the bin."""

import pytest

from tests.cli.test_runs import done, refused


@pytest.fixture
def run_id(store):
    return store.runs.add("generate", {"run": "x"})


def listed(*options: str) -> dict[str, dict]:
    return {row["run"]: row for row in done("runs", "list", *options)["runs"]}


def test_a_run_is_named_and_tagged(store, run_id):
    assert done("runs", "rename", run_id[:6], "for the class") == {
        "run": run_id,
        "name": "for the class",
    }
    assert done("runs", "tag", run_id, "lecture", "featured")["tags"] == ["lecture", "featured"]
    row = listed()[run_id]
    assert (row["name"], row["tags"]) == ("for the class", ["lecture", "featured"])
    shown = done("runs", "show", run_id)
    assert (shown["name"], shown["tags"]) == (row["name"], row["tags"])
    assert done("runs", "tag", run_id)["tags"] == []
    assert done("runs", "rename", run_id, "")["name"] == ""
    assert "81 letters" in refused("runs", "rename", run_id, "x" * 81)


def test_a_run_goes_to_the_bin_and_back_and_away(store, run_id):
    assert done("runs", "delete", run_id) == {"run": run_id, "state": "deleted"}
    assert run_id not in listed() and set(listed("--bin")) == {run_id}
    assert f"run {run_id} is deleted" in refused("runs", "show", run_id)
    assert done("runs", "restore", run_id) == {"run": run_id, "state": "cancelled"}
    assert run_id in listed() and not listed("--bin")
    done("runs", "delete", run_id)
    done("runs", "gc")
    assert set(listed("--bin")) == {run_id}
    done("runs", "gc", "--bin")
    assert not listed("--bin")
    assert f"no run '{run_id}'" in refused("runs", "restore", run_id)


def test_a_bundled_run_stays(store):
    bundled = next(row["run"] for row in listed().values() if row["kind"] == "quantize")
    assert "comes with sdqviz" in refused("runs", "delete", bundled)
