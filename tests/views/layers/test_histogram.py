import io
import json
from dataclasses import replace

import numpy as np
import pytest

from sdqviz.results.layer import LayerRow, Range
from sdqviz.store.blobs import Blobs
from sdqviz.views.layers.histogram import layer_histogram, layer_names
from tests.results.made import layer_row


def test_histograms_come_from_the_run(tmp_path, bundled):
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
    row = layer_row(name="a.conv", ranges=[Range("1.0", 0.005, 128), Range("501.0", 0.004, 128)])

    def drawn(row: LayerRow) -> dict:
        result = replace(bundled["fidelity"].quantized, histograms=blob, layers=[row])
        result = replace(result, layer_inputs=None)
        return json.loads(layer_histogram(blobs, result, "a.conv", "W4A8"))

    document = drawn(row)
    assert document["pair"] is None  # a run of before
    assert document["initial"] is None  # nothing was trained
    assert document["timesteps"] == [501, 1]  # noise first, as sampling runs
    assert document["counts"] == [[1, 1, 1, 1], [0, 4, 2, 0]]
    assert document["ranges"] == [
        [pytest.approx(-128 * 0.004), pytest.approx(127 * 0.004)],
        [pytest.approx(-128 * 0.005), pytest.approx(127 * 0.005)],
    ]
    before = [Range("1.0", 0.01, 128), Range("501.0", 0.008, 128)]
    document = drawn(replace(row, initial_ranges=before))
    assert document["initial"][0] == [pytest.approx(-128 * 0.008), pytest.approx(127 * 0.008)]
