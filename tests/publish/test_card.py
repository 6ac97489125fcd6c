from dataclasses import replace

import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.publish.bundle import import_demos
from sdqviz.publish.card import model_card


@pytest.fixture
def run(store):
    import_demos(store, assets_folder() / "demo")
    return next(r for r in store.runs.list() if r.spec["recipe"] == "fidelity")


def test_a_card_has_scores_with_their_settings(run):
    card = model_card(run)
    metrics = run.result["metrics"]
    assert f"| FLIP | {metrics['flip']['median']:.4f} |" in card
    for metric in metrics.values():
        assert (metric["settings"] in card) == (metric["median"] is not None)
    assert "tags: [quantization, w4a8," in card
    assert f"Scores on {len(run.result['scenes'])} held-out scenes" in card


def test_only_a_hub_id_is_a_base_model(run, tmp_path, monkeypatch):
    hub = replace(run, spec={**run.spec, "model": "someone/a-model"})
    assert "base_model: someone/a-model\nbase_model_relation: quantized" in model_card(hub)
    local = replace(run, spec={**run.spec, "model": str(tmp_path / "private" / "mine")})
    assert "base_model" not in model_card(local)
    assert str(tmp_path) not in model_card(local)
    assert "# mine, W4A8" in model_card(local)
    # A relative folder looks like a hub id, but it is there.
    (tmp_path / "someone" / "a-model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert "base_model" not in model_card(hub)
