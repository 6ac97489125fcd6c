"""What the page's script is given, made from the bundled runs."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sdqviz.base.assets import assets_folder
from sdqviz.publish.bundle import import_demos
from sdqviz.results.layer import Range
from sdqviz.results.steps import Noise
from sdqviz.views.compare.gallery import gallery_document
from sdqviz.views.compare.pair import picture_blobs, scene_facts, timeline_document, viewer_document
from sdqviz.views.layers.document import clipped_shares, layers_document
from sdqviz.views.runs.listing import finished
from sdqviz.views.training.history import history
from tests.results.made import layer_row


@pytest.fixture
def runs(store):
    import_demos(store, assets_folder() / "demo")
    return store.runs.list()


def main_run(runs):
    return next(r for r in finished(runs) if r.spec["recipe"] == "fidelity" and "arm" not in r.spec)


def other_run(runs):
    return next(r for r in runs if r.spec.get("recipe") == "round_nearest" and "arm" not in r.spec)


def test_the_viewer_gets_the_pair_and_the_same_scene_of_other_runs(runs):
    run, other = main_run(runs), other_run(runs)
    row = run.scenes[0]
    document = json.loads(viewer_document(run, row, runs, lambda blob: f"at/{blob}"))
    keys = [picture["key"] for picture in document["pictures"]]
    assert keys[:2] == ["fp", "student"]
    assert keys[-1] == "other_seed"
    assert document["pictures"][1]["label"] == "W4A8"
    assert row.prompt in document["alt"] and "FLIP 0." in document["alt"]
    # Another run of the same model that drew this scene is offered beside it.
    assert other.id in keys
    blobs = picture_blobs(run, row, runs)
    assert set(blobs) == set(keys)
    urls = {p["key"]: p["url"] for p in document["pictures"]}
    assert urls == {key: f"at/{blob}" for key, blob in blobs.items()}


def test_a_picture_from_another_processor_is_offered_with_a_note_and_other_noise_is_not(runs):
    run, other = main_run(runs), other_run(runs)
    row = run.scenes[0]
    theirs = next(r for r in other.scenes if r.id == row.id)

    def offered(theirs):
        changed = replace(other, result={**other.result, "scenes": [theirs.as_row()]})
        document = json.loads(viewer_document(run, row, [run, changed], str))
        return {p["key"]: p for p in document["pictures"]}

    same = replace(theirs, pictures=replace(theirs.pictures, fp=row.pictures.fp))
    assert "note" not in offered(same)[other.id]
    elsewhere = replace(theirs, pictures=replace(theirs.pictures, fp="f" * 64))
    assert "another FP picture" in offered(elsewhere)[other.id]["note"]
    noisy = replace(elsewhere, noise=replace(theirs.noise, fp="other"))
    assert other.id not in offered(noisy)


def test_two_runs_of_one_name_are_both_offered_and_one_picture_is_offered_once(runs):
    run, other = main_run(runs), other_run(runs)
    row = run.scenes[0]

    def offered(twin):
        document = json.loads(viewer_document(run, row, [run, other, twin], str))
        return {p["key"]: p["label"] for p in document["pictures"]}

    twin = replace(other, id="1234567890ab")
    shown = offered(twin)
    assert other.id in shown and twin.id not in shown  # the same bytes
    theirs = next(r for r in other.scenes if r.id == row.id)
    own = replace(theirs, pictures=replace(theirs.pictures, student="f" * 64 + ".png"))
    shown = offered(replace(twin, result={**other.result, "scenes": [own.as_row()]}))
    assert shown[twin.id] == f"{shown[other.id]} · #1234"


def test_the_timeline_has_a_value_of_each_call(runs):
    run = main_run(runs)
    row = run.scenes[0]
    document = json.loads(timeline_document(run, row, str))
    assert len(document["timesteps"]) == len(document["replay"]) == len(document["free_run"]) == 26
    assert f'{len(document["timesteps"])}"' in document["chart"].split("data-cursor=")[1][:40]
    without = replace(row, previews=None)
    assert json.loads(timeline_document(run, without, str))["previews"] is None


def test_a_pair_from_different_noise_is_a_warning(runs):
    row = main_run(runs).scenes[0]
    assert "differs" not in scene_facts(row)
    apart = replace(row, noise=Noise(fp="aa", student="bb"))
    assert "initial noise differs: aa and bb" in scene_facts(apart)


def test_the_gallery_has_every_scene_and_only_measured_scores(runs):
    run = main_run(runs)
    document = json.loads(gallery_document(run, str))
    assert [s["id"] for s in document["scenes"]] == [r["id"] for r in run.result["scenes"]]
    names = [m["name"] for m in document["metrics"]]
    assert "flip" in names and "lpips" not in names
    assert all(set(s["scores"]) == set(names) for s in document["scenes"])


def test_layers_have_the_plan_and_what_was_measured(runs, store):
    run = main_run(runs)
    past = history(store.records.events(run.id))
    document = json.loads(layers_document(run, store.blobs, past))
    rows = {row["name"]: row for row in document["layers"]}
    assert len(rows) == len(run.result["layers"])
    assert rows["conv_in"]["weight_bits"] == 8
    assert rows["time_embedding.linear_1"]["weight_bits"] is None
    middle = rows["up_blocks.2.resnets.1.conv2"]
    assert middle["has_histogram"] and middle["block_error"] > 0
    # What the layer loses by itself is part of what it loses in replay.
    assert 0 < middle["own_error"] < middle["replay_error"]
    assert len(middle["own"]) == len(document["timesteps"]) == len(run.result["timesteps"])
    assert middle["engine"] == "cpu_onednn" and middle["role"] == "block"
    assert sum(middle["stored"]["codes"]) + 64 == middle["parameters"]  # 64 biases
    assert rows["conv_in"]["own_error"] and not rows["conv_in"]["engine"]  # its input stays FP
    curves = document["blocks"][middle["block"]]
    assert (
        curves["replay"][0][1]
        > curves["replay"][-1][1]
        == pytest.approx(middle["block_error"], rel=0.01)
    )
    assert {"own_error", "loss", "engine"} <= {c["key"] for c in document["columns"]}
    frozen = run.result["training"]["frozen"]
    assert {row["frozen"] for row in rows.values() if row["frozen"]} == set(frozen.values())
    order = [name.split(".")[0] for name in rows]
    assert order.index("mid_block") < order.index("up_blocks")


def test_a_run_of_an_earlier_version_shows_what_it_has(runs, store):
    made = main_run(runs)
    result = {k: v for k, v in made.result.items() if k != "layer_pairs"}
    since = ("engine", "weight_error", "stored")
    result["layers"] = [
        {k: v for k, v in row.items() if k not in since} for row in made.result["layers"]
    ]
    run = replace(made, result=result)
    document = json.loads(layers_document(run, store.blobs, history([])))
    assert document["timesteps"] is None and document["blocks"] == {}
    kept = {column["key"] for column in document["columns"]}
    assert "clipped" in kept and not kept & {"own_error", "engine", "weight_error", "loss"}
    assert document["colours"][0] == "clipped"


def test_the_clipped_share_counts_what_lies_outside(store):
    import io

    buffer = io.BytesIO()
    np.savez(
        buffer,
        **{
            "a|edges": np.array([0.0, 1.0, 2.0, 3.0, 4.0]),
            "a|timesteps": np.array([1.0]),
            "a|counts": np.array([[10, 10, 10, 10]]),
        },
    )
    blob = store.blobs.put(buffer.getvalue(), "npz")
    # Two bits, scale 1, zero 0: codes 0..3; what is above 3.5 is clipped: half of the last bin.
    layer = layer_row(name="a", ranges=[Range("1.0", 1.0, 0)], activation_bits=2)
    assert clipped_shares(store.blobs, blob, [layer]) == {"a": pytest.approx(12.5)}
