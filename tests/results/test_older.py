"""Results as earlier versions wrote them."""

import copy

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.results.outcome import read_outcome
from sdqviz.results.quantize import QuantizedModel, QuantizeResult
from sdqviz.results.version import RUN_FORMAT, format_of, is_newer, numbered


@pytest.fixture
def first(fidelity) -> dict:
    """As the first version wrote it: what came since is not there."""
    row = copy.deepcopy(fidelity)
    del row["made_by"], row["layer_pairs"], row["engine"]["weight_only"]
    for scene in row["scenes"]:
        del scene["previews"], scene["noise"], scene["scene"]["shift"]
    for layer in row["layers"]:
        for name in ("equalised", "engine", "weight_error", "stored"):
            layer.pop(name, None)
    return row


def test_the_first_version_is_read_and_written_back(first):
    result = QuantizeResult.from_row(first)
    assert result.as_row() == first
    assert list(result.as_row()) == list(first)
    assert result.made_by is None and result.held_out_inputs is None
    assert result.engine.weight_only is None and result.engine.weight_only_beside == 0
    scene, layer = result.scenes[0], result.layers[0]
    assert scene.previews is None and scene.noise is None
    assert scene.scene.shift == 0.0  # as the sampler's own was meant
    assert layer.equalised is layer.engine is layer.weight_error is layer.stored is None


def test_scenes_without_noted_noise_are_alike_by_their_fp_picture(first, fidelity):
    old, new = QuantizeResult.from_row(first), QuantizeResult.from_row(fidelity)
    assert old.scenes[0].drawn_alike(new.scenes[0])
    assert not old.scenes[0].drawn_alike(new.scenes[1])
    other = copy.deepcopy(fidelity)
    other["scenes"][0]["images"]["fp"] = "f" * 64 + ".png"
    moved = QuantizeResult.from_row(other).scenes[0]
    assert not old.scenes[0].drawn_alike(moved)
    assert new.scenes[0].drawn_alike(moved)  # the same noise, on another processor
    other["scenes"][0]["noise"]["fp"] = "other"
    assert not new.scenes[0].drawn_alike(QuantizeResult.from_row(other).scenes[0])


def test_layer_inputs_had_another_name_and_no_errors(fidelity):
    row = {k: v for k, v in fidelity.items() if k != "layer_pairs"}
    row["pair_histograms"] = fidelity["layer_pairs"]
    result = QuantizeResult.from_row(row)
    assert result.layer_inputs is None
    assert result.held_out_inputs == fidelity["layer_pairs"]
    assert result.as_row() == row


def test_a_cancelled_training_left_a_model_without_scores(fidelity):
    after = ("scenes", "metrics", "per_step", "timesteps", "step_seconds", "layer_pairs")
    row = {k: v for k, v in fidelity.items() if k not in (*after, "seconds", "peak_bytes")}
    row |= {"stopped_at": {"step": 10, "of": 40}, "format": 1}
    model = read_outcome("quantize", row)
    assert type(model) is QuantizedModel
    assert (model.stopped_at.step, model.stopped_at.of) == (10, 40)
    assert model.packed == fidelity["packed"]
    assert model.as_row() == row


def test_what_a_newer_version_added_is_kept(fidelity):
    row = copy.deepcopy(fidelity)
    row["dreams"] = [1, {"a": None}]
    row["scenes"][0]["mood"] = "blue"
    row["size"]["parts"]["low rank"] = 3
    result = QuantizeResult.from_row(row)
    assert result.others == {"dreams": [1, {"a": None}]}
    assert result.size.parts["low rank"] == 3
    assert result.as_row() == row


def test_a_row_that_no_version_wrote_is_refused_in_one_line(fidelity):
    row = {k: v for k, v in fidelity.items() if k != "size"}
    with pytest.raises(SdqvizError, match="a QuantizeResult has no 'size'"):
        QuantizeResult.from_row(row)
    with pytest.raises(SdqvizError, match="kind 'paint'"):
        read_outcome("paint", row)


def test_a_newer_format_is_told_apart(fidelity):
    assert format_of(fidelity) == 1 and not is_newer(fidelity)
    assert numbered(fidelity) == {"format": RUN_FORMAT, **fidelity}
    assert next(iter(numbered(fidelity))) == "format"
    assert is_newer({**fidelity, "format": RUN_FORMAT + 1})
    assert not is_newer(None)
