"""A finished run is scored by what it was not scored by, from its pictures, as if at once."""

import json

import pytest
import torch
import torchvision

from sdqviz import api
from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import QUANTIZE, SCORE, quantize_request, score_request
from sdqviz.metrics import lpips
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import DONE, FAILED
from tests.conftest import QUICK


@pytest.fixture
def worked(store, tiny_folder):
    """A finished run and the models that made it."""
    models = ModelCache()
    spec = quantize_request(
        static_catalog(),
        str(tiny_folder),
        "round_nearest",
        "quick",
        {**QUICK, "held_out_scenes": 2},
    )
    run_id = store.runs.add(QUANTIZE, spec)
    assert execute(store, store.runs.claim(), models) == DONE
    return store.runs.get(run_id), models


def older(result):
    """The result as a version without ST-LPIPS, and without the floor's picture, left it."""
    old = json.loads(json.dumps(result))
    old["metrics"].pop("st_lpips")
    old["metrics"]["lpips"] = {"median": None, "reason": "not available offline"}
    for row in old["scenes"]:
        for column in ("metrics", "floor", "ceiling"):
            row[column].pop("st_lpips")
            row[column]["lpips"] = None
        for name in ("rounded", "st_lpips"):
            row["images"].pop(name)
    return old


def scored(store, models, run_id, **more):
    score_id = store.runs.add(SCORE, score_request(run_id, **more))
    state = execute(store, store.runs.claim(), models)
    return state, store.runs.get(score_id)


def test_an_older_run_gets_what_a_new_one_has(store, worked):
    run, models = worked
    store.runs.set_result(run.id, older(run.result))
    assert "st_lpips" not in store.runs.get(run.id).result["metrics"]
    state, score = scored(store, models, run.id)
    assert (state, score.result["scored"]) == (DONE, ["st_lpips"])
    assert store.runs.get(run.id).result == json.loads(json.dumps(run.result))
    again = scored(store, models, run.id)[1]
    assert again.result["scored"] == []  # nothing is left to do
    assert store.runs.get(run.id).result == json.loads(json.dumps(run.result))


def test_a_fetched_backbone_adds_its_row(store, worked, monkeypatch, tmp_path):
    run, models = worked
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    url = torchvision.models.SqueezeNet1_1_Weights.IMAGENET1K_V1.url

    def fetched(net):
        """Random weights where the download would put them: for the plumbing, not for a score."""
        file = tmp_path / "torch" / "hub" / "checkpoints" / url.rsplit("/", 1)[1]
        file.parent.mkdir(parents=True)
        torch.manual_seed(0)
        torch.save(getattr(torchvision.models, lpips.BACKBONES[net][0])().state_dict(), file)
        return file

    monkeypatch.setattr(lpips, "fetch_backbone", fetched)
    lpips._network.cache_clear()
    try:
        state, score = scored(store, models, run.id, fetch="squeeze")
    finally:
        lpips._network.cache_clear()
    assert (state, score.result["scored"]) == (DONE, ["lpips"])
    after = store.runs.get(run.id).result
    assert after["metrics"]["lpips"]["label"] == "LPIPS (squeeze)"
    for row in after["scenes"]:
        assert 0 < row["floor"]["lpips"] < row["ceiling"]["lpips"]
    assert {n: m for n, m in after["metrics"].items() if n != "lpips"} == json.loads(
        json.dumps(run.result["metrics"])
    )


def test_a_failed_download_is_one_line_and_changes_nothing(store, worked, monkeypatch):
    run, models = worked

    def unreachable(net):
        raise OSError("Name or service not known")

    monkeypatch.setattr(lpips, "fetch_backbone", unreachable)
    state, score = scored(store, models, run.id, fetch="alex")
    assert state == FAILED
    assert score.error == {
        "error": "cannot fetch the alex backbone: Name or service not known",
        "hint": "check the network",
    }
    assert store.runs.get(run.id).result == run.result


def test_what_cannot_be_scored_is_refused(store, worked):
    run, models = worked
    score = scored(store, models, run.id)[1]
    state, refused = scored(store, models, score.id)
    assert state == FAILED and "is a score run" in refused.error["error"]
    with pytest.raises(SdqvizError, match="unknown net 'resnet'"):
        api.score(run.id, "resnet")
    assert api.score(run.id)["metrics"] == run.result["metrics"]
