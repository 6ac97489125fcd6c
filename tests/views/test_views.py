import io
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from sdqviz.store.blobs import Blobs
from sdqviz.store.runs import Run
from sdqviz.views.runs import duration, run_card, scenes_of
from sdqviz.views.scores import score_chips
from sdqviz.views.steps import layer_histogram, layer_names, step_errors


def svg_of(html: str) -> ET.Element:
    start, end = html.index("<svg"), html.index("</svg>") + len("</svg>")
    return ET.fromstring(html[start:end])


def test_step_errors_draws_every_step_of_both_curves():
    svg = svg_of(step_errors([1e-3, 2e-3, 5e-3], [1e-4, 3e-4, 0.0], [901, 501, 1]))
    points = [line.get("points").split() for line in svg.iter("polyline")]
    assert [len(p) for p in points] == [3, 3]
    heights = [float(p.split(",")[1]) for p in points[1]]
    assert heights == sorted(heights, reverse=True)  # larger errors stand higher
    assert "0" in svg.get("aria-label")


def test_scenes_of_different_lengths_say_so():
    assert "No curve" in step_errors([], [], [])


METRIC = {
    "label": "SSIM",
    "median": 0.9,
    "floor": 1.0,
    "ceiling": 0.5,
    "direction": "higher",
    "settings": "Wang <et al.>",
    "interval": [0.85, 0.93],
}


def test_chips_place_a_score_between_its_references():
    html = score_chips({"ssim": METRIC})
    assert "left:20.0%" in html
    assert "&lt;et al.&gt;" in html
    scene = {"metrics": {"ssim": 0.5}, "floor": {"ssim": 1.0}, "ceiling": {"ssim": 0.5}}
    assert "left:100.0%" in score_chips({"ssim": METRIC}, scene)
    assert "(0.850 to 0.930)" in html
    assert "0.850" not in score_chips({"ssim": METRIC}, scene)  # of the scenes, not of this one


def test_a_metric_without_a_number_has_no_chip():
    missing = {**METRIC, "median": None, "reason": "run sdqviz fetch metrics"}
    assert score_chips({"ssim": missing}) == score_chips({})
    unscored = {"metrics": {"flip": 0.5}, "floor": {}, "ceiling": {}}
    assert score_chips({"ssim": METRIC}, unscored) == score_chips({})


def test_histograms_come_from_the_run(tmp_path):
    buffer = io.BytesIO()
    arrays = {
        "a.conv|edges": np.linspace(-1, 1, 5, dtype=np.float32),
        "a.conv|timesteps": np.array([1.0, 501.0], dtype=np.float32),
        "a.conv|counts": np.array([[0, 4, 2, 0], [1, 1, 1, 1]], dtype=np.uint32),
    }
    np.savez_compressed(buffer, **arrays)
    blobs = Blobs(tmp_path)
    blob = blobs.put(buffer.getvalue(), "npz")
    assert layer_names(blobs, blob) == ["a.conv"]
    row = {
        "name": "a.conv",
        "kind": "conv",
        "role": "block",
        "activation_bits": 8,
        "weight": {"bits": 4, "group": 32},
        "parameters": 9,
        "pairs": [["1.0", 0.005, 128], ["501.0", 0.004, 128]],
        "reason": "",
    }
    document = json.loads(
        layer_histogram(blobs, {"histograms": blob, "layers": [row]}, "a.conv", "W4A8")
    )
    assert document["pair"] is None  # a run of before
    assert document["initial"] is None  # nothing was trained
    assert document["timesteps"] == [501, 1]  # noise first, as sampling runs
    assert document["counts"] == [[1, 1, 1, 1], [0, 4, 2, 0]]
    assert document["ranges"] == [
        [pytest.approx(-128 * 0.004), pytest.approx(127 * 0.004)],
        [pytest.approx(-128 * 0.005), pytest.approx(127 * 0.005)],
    ]
    row["initial_pairs"] = [["1.0", 0.01, 128], ["501.0", 0.008, 128]]
    document = json.loads(
        layer_histogram(blobs, {"histograms": blob, "layers": [row]}, "a.conv", "W4A8")
    )
    assert document["initial"][0] == [pytest.approx(-128 * 0.008), pytest.approx(127 * 0.008)]


def test_the_card_escapes_and_tells_the_next_step(store):
    run_id = store.runs.add("quantize", {"model": "<b>evil</b>", "config": {}})
    store.runs.claim()
    store.runs.set_progress(run_id, "pack", 0.5, 30)
    html = run_card(store.runs.get(run_id), 2, ["a <line>"])
    assert "&lt;b&gt;evil" in html
    assert "50 %" in html
    assert "about 30 s left" in html
    assert "2 more waiting" in html
    store.runs.finish(run_id, "failed", error={"error": "it broke", "hint": "mend it"})
    html = run_card(store.runs.get(run_id), 0, [])
    assert "it broke" in html
    assert "mend it" in html


def test_durations():
    assert [duration(s) for s in (5, 100, 7200)] == ["5 s", "2 min", "2.0 h"]


def test_own_scenes_with_the_same_prompt_and_seed_all_have_a_place(store):
    def drawn(steps: int) -> dict:
        scene = {"steps": steps, "guidance": 2.0, "scheduler": "pndm"}
        row = {"id": f"{steps:012d}", "prompt": "a key", "seed": 1, "scene": scene}
        return {**row, "metrics": {"flip": steps / 100}}

    def run(run_id: str, kind: str, spec: dict, rows: list) -> Run:
        row = {"id": run_id, "kind": kind, "spec": spec, "result": {"scenes": rows}}
        store.runs.add_finished({**row, "created": 1.0, "started": 1.0, "ended": 2.0})
        return store.runs.get(run_id)

    base = run("base", "quantize", {"config": {}}, [])
    made = [run(f"own{n}", "generate", {"run": "base"}, [drawn(n)]) for n in (25, 50, 75)]
    rows = scenes_of(base, made)
    assert {row["id"] for row in rows.values()} == {drawn(n)["id"] for n in (25, 50, 75)}


def test_the_worst_scene_is_listed_first(bundled):
    scores = [row["metrics"]["flip"] for row in scenes_of(bundled["fidelity"], []).values()]
    assert len(scores) == 8
    assert scores == sorted(scores, reverse=True)
