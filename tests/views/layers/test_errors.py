import io
import json
from dataclasses import replace

import numpy as np
import pytest

from sdqviz.views.layers.errors import culprits_document, layer_errors
from tests.results.made import scene_row

NAMES = ["a", "b", "c"]


@pytest.fixture
def result(store, bundled):
    """Errors of three layers at two timesteps, as a run keeps them."""
    buffer = io.BytesIO()
    np.savez(
        buffer,
        layers=np.array(NAMES),
        timesteps=np.array([900.0, 100.0]),
        own=np.array([[0.1, 0.3], [0.2, 0.1], [0.4, np.nan]], np.float32),
        replay=np.array([[0.5, 0.6], [0.7, 0.8], [0.9, 0.123456]], np.float32),
    )
    kept = store.blobs.put(buffer.getvalue(), "npz")
    scene = scene_row(prompt="a key", seed=7)
    return replace(bundled["fidelity"].quantized, layer_inputs=kept, scenes=[scene])


@pytest.fixture
def earlier(result):
    """As an earlier version left it."""
    return replace(result, layer_inputs=None)


def test_errors_are_read_by_layer_and_timestep(store, result, earlier):
    errors = layer_errors(store.blobs, result)
    assert errors.timesteps == [900.0, 100.0]
    assert errors.own["b"] == [0.2, 0.1]
    assert errors.replay["c"] == [0.9, 0.123]
    assert layer_errors(store.blobs, earlier) is None


def test_the_worst_layers_of_each_timestep_come_first(store, result, earlier):
    document = json.loads(culprits_document(store.blobs, result, ["a", "b"]))
    assert document["timesteps"] == [900.0, 100.0]
    assert document["scene"] == "a key · seed 7"
    assert [[one["name"] for one in call] for call in document["worst"]] == [["b", "a"], ["a", "b"]]
    assert document["worst"][1][0] == {"name": "a", "own": 0.3, "replay": 0.6}
    assert json.loads(culprits_document(store.blobs, earlier, NAMES)) is None
    assert json.loads(culprits_document(store.blobs, result, [])) is None  # no layer to open


def test_a_layer_that_overflows_is_the_worst_of_all(store, result):
    document = json.loads(culprits_document(store.blobs, result, NAMES))
    assert [one["name"] for one in document["worst"][0]] == ["c", "b", "a"]
    assert [one["name"] for one in document["worst"][1]] == ["c", "a", "b"]
    assert document["worst"][1][0]["own"] is None
