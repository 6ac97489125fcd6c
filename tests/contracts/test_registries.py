"""What holds for every metric and family found."""

import json

import numpy as np
import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.base.registry import found
from sdqviz.families.contract import PACKAGE as FAMILIES
from sdqviz.metrics.contract import (
    available,
    map_all,
    metrics,
    score_all,
    summarise,
    unavailable,
)
from sdqviz.products.scenes import CALIBRATE, HELD_OUT, TUNE
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.prompts import prompts


def pictures():
    generator = np.random.default_rng(0)
    base = generator.integers(40, 200, (128, 128, 3), dtype=np.uint8)
    noise = generator.integers(-40, 40, base.shape)
    near = np.clip(base + noise // 8, 0, 255).astype(np.uint8)
    far = np.clip(base + noise, 0, 255).astype(np.uint8)
    return base, near, far


@pytest.mark.parametrize("name", sorted(metrics()))
def test_metrics_know_their_direction(name):
    metric = metrics()[name]
    assert metric.settings
    reason = metric.unavailable()
    if reason:
        assert "sdqviz fetch" in reason or "pip install" in reason
        assert name in unavailable() and name not in available()
        assert name not in score_all(*pictures()[:2])
        return
    base, near, far = pictures()
    same, close, distant = (metric.score(base, other) for other in (base, near, far))
    ordered = [same, close, distant]
    assert ordered == sorted(ordered, reverse=metric.direction == "higher")
    assert same != close != distant


def test_known_values():
    base = np.full((32, 32, 3), 100, dtype=np.uint8)
    other = base + 5
    assert metrics()["psnr"].score(base, other) == pytest.approx(34.1514, abs=1e-4)
    assert metrics()["psnr"].score(base, base) == 100.0
    assert metrics()["ssim"].score(base, base) == 1.0


def test_only_what_every_scene_was_scored_by_is_summed_up():
    rows = [{"flip": 0.1, "ssim": 0.9}, {"flip": 0.3}]
    summary = summarise(rows, rows, rows)
    assert list(summary) == ["flip"]
    assert summary["flip"]["median"] == 0.2
    assert summary["flip"]["interval"] == (0.1, 0.3)
    assert summarise(rows[:1], rows[:1], rows[:1])["ssim"]["interval"] is None
    assert summarise([], [], []) == {}


def test_a_learned_metric_is_always_a_number():
    base, near, _ = pictures()
    assert score_all(base, near)["st_lpips"] > 0
    assert {"flip", "st_lpips"} <= set(map_all(base, near))


@pytest.mark.parametrize("name", sorted(found(FAMILIES, "FAMILY")))
def test_families_name_their_place(name):
    family = found(FAMILIES, "FAMILY")[name]
    assert family.network_folder in ("unet", "transformer")
    assert family.mismatch({"in_channels": 9})


@pytest.mark.parametrize("name", ["emoji", "general"])
def test_prompt_splits_never_mix(name):
    splits = [set(prompts(name, split)) for split in (CALIBRATE, TUNE, HELD_OUT)]
    assert all(splits)
    assert len(set.union(*splits)) == sum(map(len, splits))


def test_the_shipped_catalog_is_this_one():
    shipped = json.loads((assets_folder() / "catalog.json").read_text(encoding="utf-8"))
    assert shipped == json.loads(json.dumps(static_catalog())), (
        "run: python -c 'from sdqviz.runner.catalog import write_snapshot; write_snapshot()'"
    )
