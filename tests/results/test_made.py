"""Parts that are made here and not read: what a stage writes."""

from dataclasses import replace

import pytest

from sdqviz.base.scene import Scene
from sdqviz.results.drawn import CompareResult, GenerateResult
from sdqviz.results.layer import LayerRow, Range, WeightFormat, range_at
from sdqviz.results.metric import MetricSummary
from sdqviz.results.outcome import ResultRow, read_outcome
from sdqviz.results.pictures import Pictures
from sdqviz.results.quantize import QuantizeResult
from sdqviz.results.training import StoppedAt


def test_fields_are_written_in_their_order_and_null_only_where_a_row_has_it():
    metric = MetricSummary(
        label="SSIM",
        median=0.9,
        floor=1.0,
        ceiling=0.5,
        direction="higher",
        settings="Wang et al. 2004",
    )
    assert list(metric.as_row()) == [
        *("label", "median", "floor", "ceiling", "direction", "settings"),
    ]
    sure = replace(metric, interval=(0.8, 0.95))
    assert list(sure.as_row())[:3] == ["label", "median", "interval"]
    assert sure.as_row()["interval"] == [0.8, 0.95]
    assert MetricSummary.from_row(sure.as_row()) == sure
    unavailable = replace(metric, median=None, floor=None, ceiling=None)
    assert unavailable.as_row()["median"] is None
    assert not unavailable.is_measured and metric.is_measured and metric.higher_is_better


def test_a_layer_has_its_ranges_under_the_stored_name():
    layer = LayerRow(
        name="a.conv",
        kind="conv",
        role="block",
        parameters=9,
        weight=WeightFormat(bits=4, group=32),
        activation_bits=8,
        ranges=[Range("501.0", 0.004, 128), Range("1.0", 0.005, 120)],
        reason="",
    )
    row = layer.as_row()
    assert row["pairs"] == [["501.0", 0.004, 128], ["1.0", 0.005, 120]]
    assert row["weight"] == {"bits": 4, "group": 32}
    assert "initial_pairs" not in row and "stored" not in row
    assert LayerRow.from_row(row) == layer
    assert range_at(layer.ranges, 1.0).ends(8) == pytest.approx((-120 * 0.005, 135 * 0.005))
    assert range_at(layer.ranges, 77.0) == layer.ranges[0]  # none of its own


def test_maps_lie_beside_the_pictures():
    drawn = Pictures(fp="a.png", student="b.png", other_seed="c.png", others={"flip": "d.png"})
    assert drawn.as_row() == {
        **{"fp": "a.png", "student": "b.png", "other_seed": "c.png"},
        "flip": "d.png",
    }
    assert Pictures.from_row(drawn.as_row()).maps == {"flip": "d.png"}
    assert drawn.blobs == ["a.png", "b.png", "c.png", "d.png"]
    assert drawn.of("flip") == "d.png" and drawn.of("rounded") is None


def test_a_change_is_written_behind_what_was_read(fidelity):
    result = QuantizeResult.from_row(fidelity)
    early = replace(result, stopped_at=StoppedAt(step=3, of=9))
    assert early.as_row() == {**fidelity, "stopped_at": {"step": 3, "of": 9}}
    assert list(early.as_row())[-1] == "stopped_at"


@pytest.mark.parametrize("kind", ["generate", "compare"])
def test_what_was_drawn_again_is_a_scene_with_scores(fidelity, kind):
    names = ("scenes", "metrics", "per_step", "timesteps", "step_seconds", "model", "engine")
    row = {"format": 1, **{name: fidelity[name] for name in (*names, "seconds", "peak_bytes")}}
    row["scenes"] = row["scenes"][:1]
    row |= {"run": "base"} if kind == "generate" else {}
    result = read_outcome(kind, row)
    assert type(result) is {"generate": GenerateResult, "compare": CompareResult}[kind]
    assert isinstance(result.scenes[0].scene, Scene)
    assert result.engine.arithmetic == "integer" and not result.engine.is_simulated
    assert result.as_row() == row


def test_a_stored_result_is_read_once_for_all_readers(fidelity):
    row = ResultRow("quantize", fidelity)
    assert row == fidelity
    assert row.outcome is row.outcome
