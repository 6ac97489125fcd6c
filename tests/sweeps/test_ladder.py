"""The same scenes with ever fewer bits."""

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import LADDER
from sdqviz.publish.bundle import export_run, import_run
from sdqviz.results.ladder import LadderResult
from sdqviz.store.store import Store
from sdqviz.sweeps import ladder

SMALL = {"calibration_scenes": 1, "held_out_scenes": 2, "steps": 3, "time_rows": "sampler"}


@pytest.fixture
def made(store, tiny_folder, monkeypatch):
    monkeypatch.setattr(ladder, "RUNGS", (("round_nearest", 8, 8), ("round_nearest", 2, 8)))
    specs = ladder.ladder_specs(str(tiny_folder), "quick", SMALL)
    return store, specs, ladder.work_ladder(store, specs, lambda event: None)


def test_each_rung_has_the_same_scenes_and_fewer_bits_err_more(made):
    store, _, run = made
    result = run.outcome
    assert isinstance(result, LadderResult) and run.kind == LADDER
    assert [rung.bits for rung in result.rungs] == ["W8A8", "W2A8"]
    ids = [scene.id for scene in result.scenes]
    assert len(ids) == 2 and all([s.id for s in rung.scenes] == ids for rung in result.rungs)
    fine, coarse = result.rungs
    assert fine.medians["flip"] < coarse.medians["flip"] and fine.bytes > coarse.bytes
    for scene, low in zip(fine.scenes, coarse.scenes, strict=True):
        assert scene.free_run[-1] < low.free_run[-1]
        assert store.blobs.path(low.picture).exists()
    assert all(set(scene.floor) == set(result.metrics) for scene in result.scenes)


def test_what_is_there_is_not_made_again_and_it_travels(made, tmp_path):
    store, specs, run = made
    again = ladder.work_ladder(store, specs, lambda event: None)
    assert [r.run for r in again.outcome.rungs] == [r.run for r in run.outcome.rungs]
    folder = export_run(store, run, tmp_path / "out")
    assert not list(folder.glob("*.safetensors"))  # pictures, no weights
    other = Store(tmp_path / "elsewhere")
    taken = other.runs.get(import_run(other, folder))
    assert taken.outcome == run.outcome
    assert other.blobs.path(taken.outcome.rungs[1].scenes[0].picture).exists()


def test_the_rungs_set_the_bits_and_know_their_settings():
    with pytest.raises(SdqvizError, match="weight_bits is given"):
        ladder.ladder_specs("mini-sd1", "quick", {"weight_bits": 3})
    with pytest.raises(SdqvizError, match="no recipe of the ladder has 'colour'"):
        ladder.ladder_specs("mini-sd1", "quick", {"colour": 3})
    specs = ladder.ladder_specs("mini-sd1", "quick", {"training_steps": 8})
    assert [ladder.bits_of(s) for s in specs] == [f"W{w}A{a}" for _, w, a in ladder.RUNGS]
    trained = [s["recipe"] for s in specs if "training_steps" in s["config"]]
    assert trained == ["fidelity"]
