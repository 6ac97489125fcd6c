import statistics
from dataclasses import replace

import pytest

from sdqviz.views.runs.score_difference import Difference, score_differences, score_table


def by_name(baseline, other):
    return {d.name: d for d in score_differences(baseline, other)}


def test_only_common_scenes_count_and_the_sign_has_a_word(bundled):
    trained, rounded = bundled["fidelity"], bundled["round_nearest"]
    common = {r["id"] for r in trained.result["scenes"]} & {
        r["id"] for r in rounded.result["scenes"]
    }
    assert 0 < len(common) < len(trained.result["scenes"])
    found = by_name(trained, rounded)
    flip = found["flip"]
    assert flip.scenes == len(common)
    assert flip.baseline == statistics.median(
        r["metrics"]["flip"] for r in trained.result["scenes"] if r["id"] in common
    )
    assert flip.change > 0
    assert flip.verdict == "worse"  # lower is better
    assert found["ssim"].change < 0
    assert found["ssim"].verdict == "worse"
    back = by_name(rounded, trained)["flip"]
    assert back.change == pytest.approx(-flip.change)
    assert back.verdict == "better"
    assert back.better + flip.better <= flip.scenes
    assert "lpips" not in found  # neither has a number
    assert flip.interval[0] <= flip.change <= flip.interval[1]
    assert back.interval == pytest.approx((-flip.interval[1], -flip.interval[0]), abs=1e-12)
    html = score_table(trained, [rounded])
    assert f"<b>{flip.change:+.4f}</b> worse" in html
    assert f"{flip.better} of {flip.scenes} scenes" in html
    assert "\N{MINUS SIGN}" in html


@pytest.mark.parametrize(
    ("name", "direction", "other", "floor", "verdict"),
    [
        ("flip", "lower", 0.11, 0.02, "worse, within noise"),
        ("flip", "lower", 0.09, 0.02, "better, within noise"),
        ("flip", "lower", 0.07, 0.02, "better"),
        ("ssim", "higher", 0.1005, 0.999, "better, within noise"),
        ("ssim", "higher", 0.102, 0.999, "better"),
        ("psnr", "higher", 0.1001, 50.0, "better"),  # its noise is not a number
        ("flip", "lower", 0.1, 0.02, "equal"),
    ],
)
def test_noise_is_the_floors_distance_from_identical_pictures(
    name, direction, other, floor, verdict
):
    found = Difference(
        name, name, direction, "", baseline=0.1, other=other, floor=floor, better=1, scenes=2
    )
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [((-0.01, 0.08), "worse, within noise"), ((0.01, 0.08), "worse"), (None, "worse")],
)
def test_what_another_choice_of_scenes_would_turn_round_is_within_noise(interval, verdict):
    values = {"baseline": 0.1, "other": 0.14, "floor": 0.02, "better": 1, "scenes": 2}
    found = Difference("flip", "FLIP", "lower", "", **values, interval=interval)
    assert found.verdict == verdict


def test_what_does_not_compare_is_not_subtracted(bundled):
    trained, rounded = bundled["fidelity"], bundled["round_nearest"]
    flip = {**rounded.result["metrics"]["flip"], "settings": "another viewing distance"}
    metrics = {k: v for k, v in rounded.result["metrics"].items() if k != "psnr"} | {"flip": flip}
    found = by_name(trained, replace(rounded, result={**rounded.result, "metrics": metrics}))
    assert found["flip"].reason == "scored with other settings"
    assert found["psnr"].reason == "not measured in the other run"
    assert not found["ssim"].reason
    elsewhere = [{**row, "id": "x"} for row in rounded.result["scenes"]]
    away = by_name(trained, replace(rounded, result={**rounded.result, "scenes": elsewhere}))
    assert {d.reason for d in away.values()} == {"no scene in common"}


def test_another_precision_of_the_fp_models_is_noted(bundled):
    trained, rounded = bundled["fidelity"], bundled["round_nearest"]
    assert "sdq-note" not in score_table(trained, [rounded])
    half = replace(rounded, spec={**rounded.spec, "dtype": "float16"})
    assert "own FP pictures" in score_table(trained, [half])
