"""The layers as Model Explorer reads them."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.views.layers.model_explorer import export_model_explorer


@pytest.fixture
def run(bundled):
    return bundled["fidelity"]


@pytest.fixture
def files(store, run, tmp_path):
    written = export_model_explorer(store, run, tmp_path / "graph")
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in written}


def test_every_layer_is_a_node_in_the_groups_of_its_modules(files, run):
    ((graph,), names) = files["graph.json"], [row["name"] for row in run.result["layers"]]
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert set(nodes) == set(names)
    deep = nodes["down_blocks.1.resnets.0.conv1"]
    assert (deep["namespace"], deep["label"]) == ("down_blocks/1/resnets/0", "conv1")
    assert {"key": "W bits", "value": "4"} in deep["attrs"]


def test_each_figure_is_node_data_of_that_graph(files):
    (graph,) = files.pop("graph.json")
    assert {"block_error.json", "clipped.json", "weight_bits.json"} <= set(files)
    ids = {node["id"] for node in graph["nodes"]}
    for data in files.values():
        assert list(data) == [graph["id"]]
        results = data[graph["id"]]["results"]
        assert results and set(results) <= ids
        assert all(isinstance(entry["value"], int | float) for entry in results.values())
        assert [item["stop"] for item in data[graph["id"]]["gradient"]] == [0, 0.5, 1]


def test_a_layer_that_overflowed_says_so_and_has_no_place_on_the_scale(store, run, tmp_path):
    with np.load(io.BytesIO(store.blobs.get(run.result["layer_pairs"]))) as kept:
        arrays = dict(kept)
    name = str(arrays["layers"][7])
    arrays["own"][7, 3] = np.inf
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    result = {**run.result, "layer_pairs": store.blobs.put(buffer.getvalue(), "npz")}
    written = export_model_explorer(store, replace(run, result=result), tmp_path / "graph")
    files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in written}
    ((graph,),) = (files["graph.json"],)
    (node,) = (n for n in graph["nodes"] if n["id"] == name)
    assert {"key": "own error", "value": "not finite"} in node["attrs"]
    results = files["own_error.json"][graph["id"]]["results"]
    assert results and name not in results


def test_a_taken_folder_and_an_unfinished_run_are_refused(store, run, tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(SdqvizError, match="already holds something"):
        export_model_explorer(store, run, tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "kept"
    waiting = store.runs.get(store.runs.add("quantize", run.spec))
    with pytest.raises(SdqvizError, match="is queued"):
        export_model_explorer(store, waiting, tmp_path / "new")
