import json

import pytest

from sdqviz.base.scene import OWN
from sdqviz.results.ablation import AblationResult
from sdqviz.results.outcome import read_outcome
from sdqviz.results.quantize import QuantizeResult
from tests.results.conftest import BUNDLED
from tests.results.walk import parts, unknown


def text(value) -> str:
    return json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_result_is_written_back_byte_for_byte(row_of, name):
    row = row_of(name)
    result = read_outcome(row["kind"], row["result"])
    assert type(result) is {"quantize": QuantizeResult, "ablate": AblationResult}[row["kind"]]
    assert sum(1 for _ in parts(result)) > 100  # each was read into its type
    assert text(result.as_row()) == text(row["result"])


@pytest.mark.parametrize("name", BUNDLED)
def test_every_key_of_a_bundled_result_has_a_place(row_of, name):
    row = row_of(name)
    # Why a metric was not available: no later version notes it.
    assert unknown(read_outcome(row["kind"], row["result"])) <= {"MetricSummary.reason"}


def test_what_was_read_is_what_is_there(fidelity):
    result = QuantizeResult.from_row(fidelity)
    assert result.size.bytes == fidelity["size"]["bytes"]
    assert result.scenes[1].pictures.fp == fidelity["scenes"][1]["images"]["fp"]
    assert result.scenes[1].pictures.maps["flip"] == fidelity["scenes"][1]["images"]["flip"]
    stored = fidelity["scenes"][1]["scene"]
    later = {"spacing": OWN}  # a setting that came later has its default
    assert result.scenes[1].scene.as_dict() == {**later, **stored}
    assert result.metrics["flip"].median == fidelity["metrics"]["flip"]["median"]
    assert set(result.measured) == {
        name for name, metric in fidelity["metrics"].items() if metric["median"] is not None
    }
    rows = {row["name"]: row for row in fidelity["layers"]}
    layer = next(layer for layer in result.layers if layer.stored and layer.ranges)
    row = rows[layer.name]
    assert layer.weight is not None and layer.weight.bits == row["weight"]["bits"]
    assert list(layer.stored.codes) == row["stored"]["codes"]
    assert [list(r) for r in layer.ranges] == row["pairs"]
    assert [list(r) for r in layer.initial_ranges] == row["initial_pairs"]
    assert result.training.frozen == fidelity["training"]["frozen"]
    assert result.stopped_at is None
    assert result.held_out_inputs == result.layer_inputs == fidelity["layer_pairs"]
    assert result.measured_scene.startswith(fidelity["scenes"][0]["prompt"])


def test_a_list_of_parts_is_read_once_and_reads_like_a_list(fidelity):
    result = QuantizeResult.from_row(fidelity)
    assert result.layers[0] is result.layers[0]
    assert len(result.layers) == len(fidelity["layers"])
    names = [row["name"] for row in fidelity["layers"]]
    assert [layer.name for layer in result.layers[:2]] == names[:2]
    assert result.layers == QuantizeResult.from_row(fidelity).layers
    assert result == QuantizeResult.from_row(fidelity)
    assert result != QuantizeResult.from_row({**fidelity, "layers": fidelity["layers"][1:]})
