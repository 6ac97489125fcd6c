"""Calibration: what it walks, what it refuses, and that a card does not wait for the host."""

import io

import numpy as np
import pytest
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import quantize_request
from sdqviz.measure.seen_inputs import ANY, SeenInputs
from sdqviz.products.ranges import Ranges
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.models import ModelCache
from sdqviz.stages.calibrate import FACTOR_SCENES
from tests.conftest import QUICK
from tests.harness import context_of, run_until, stage_of
from tests.pretended_cuda import PretendedCuda

BEFORE_CALLS = {"held_out_scenes": 1, "time_rows": "sampler", "equalise": True}


def planned(store, folder, **values):
    """(the context before calibration, the stage), with the model on the pretended card."""
    config = {**QUICK, **BEFORE_CALLS, **values}
    spec = quantize_request(static_catalog(), str(folder), "round_nearest", "quick", config)
    models = ModelCache()
    models.of(spec).model.pipeline.to("cuda")
    context = context_of(store, spec, models)
    run_until(context, spec, "plan")
    return context, stage_of(spec, "calibrate")


def test_the_host_never_waits_at_a_call(store, tiny_folder):
    waits = []
    with PretendedCuda() as card:
        for steps in (2, 4):
            context, stage = planned(store, tiny_folder, steps=steps, calibration_scenes=2)
            with card.counting() as counts:
                list(stage.run(context))
            waits.append(sum(n for what, n in counts.items() if what.startswith("sync")))
            for ranges in context.take(Ranges).layers.values():
                assert all(tensor.is_cuda for tensor in ranges.buffers())
    more_calls = 2 * (2 + 2)  # of both walks over both scenes
    assert waits[1] - waits[0] < more_calls


def test_factors_are_chosen_on_some_scenes_and_ranges_on_all(store, tiny_folder):
    values = {**QUICK, **BEFORE_CALLS, "steps": 2, "calibration_scenes": FACTOR_SCENES + 2}
    spec = quantize_request(static_catalog(), str(tiny_folder), "round_nearest", "quick", values)
    context = context_of(store, spec, ModelCache())
    run_until(context, spec, "plan")
    calls = []
    hook = context.model.network.register_forward_pre_hook(lambda *_: calls.append(1))
    with hook:
        list(stage_of(spec, "calibrate").run(context))
    a_scene = 3  # PNDM makes one more than it has steps
    assert len(calls) == (FACTOR_SCENES + FACTOR_SCENES + 2) * a_scene
    with np.load(io.BytesIO(store.blobs.get(context.result["histograms"]))) as shown:
        counts = shown["conv_out|counts"].sum(axis=1)
    # Every value of both branches; PNDM meets one of the two timesteps twice.
    once = (FACTOR_SCENES + 2) * 2 * 16 * 8 * 8
    assert sorted(counts.tolist()) == pytest.approx([once, 2 * once], rel=1e-3)


def test_a_text_embeddings_first_token_is_counted_apart():
    inputs = SeenInputs({"text": [ANY], "block": [1.0, 5.0]}, {"text"}, torch.device("cpu"))
    embedding = torch.rand(2, 7, 3)
    embedding[:, 0] *= 100
    inputs.add("text", ANY, embedding)
    for timestep in (5.0, 1.0, 5.0):
        inputs.add("block", timestep, timestep * torch.ones(4))
    assert inputs.first_token_excess()["text"] > 20
    whole, rest = (inputs.groups("text", 1, without)[0] for without in (False, True))
    assert inputs.seen.merged([whole.rows]).counts.sum() == 2 * 7 * 3
    assert inputs.seen.merged([rest.rows]).high.max() <= 1
    (both,) = inputs.groups("block", 3, False)
    merged = inputs.seen.merged([both.rows])
    assert both.timesteps == [1.0, 5.0]
    assert merged.counts.sum() == 12 and (merged.low, merged.high) == (1.0, 5.0)


def test_an_input_that_is_not_finite_names_its_layer_and_timestep():
    inputs = SeenInputs({"one": [ANY], "two": [1.0, 5.0]}, {"one"}, torch.device("cpu"))
    inputs.add("one", ANY, torch.ones(1, 2, 3))
    inputs.add("two", 5.0, torch.tensor([1.0, torch.inf]))
    with pytest.raises(SdqvizError, match=r"layer two: .* at timestep 5"):
        inputs.check()


def test_a_shortcuts_two_inputs_get_a_scale_each(store, tiny_folder):
    values = {**QUICK, "steps": 2, "equalise": False, "split_shortcuts": True}
    spec = quantize_request(static_catalog(), str(tiny_folder), "round_nearest", "quick", values)
    context = context_of(store, spec, ModelCache())
    run_until(context, spec, "calibrate")
    network, layers = context.model.network, context.take(Ranges).layers
    joined = context.model.family.joined(network)
    assert {name for name, ranges in layers.items() if ranges.factor is not None} <= set(joined)
    for name, first in joined.items():
        up, resnet = name.split(".")[1], int(name.split(".")[3])
        assert 0 < first < network.get_submodule(name).in_channels
        if resnet:
            before = network.get_submodule(f"up_blocks.{up}.resnets.{resnet - 1}")
            assert first == before.out_channels
        factor = layers[name].factor
        assert len(factor[:first].unique()) == len(factor[first:].unique()) == 1
        assert factor.min() == 1 and factor.max() > 1
