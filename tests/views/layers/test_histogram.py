import io
import json

import numpy as np
import pytest

from sdqviz.store.blobs import Blobs
from sdqviz.views.layers.histogram import layer_histogram, layer_names


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
