"""The published architectures, on the meta device: counts, totals, plans and packed sizes."""

import copy

import diffusers
import pytest
import torch
from torch import nn

from sdqviz.base.assets import assets_folder
from sdqviz.base.registry import named
from sdqviz.families.contract import PACKAGE
from sdqviz.families.loading import load
from sdqviz.families.published import PUBLISHED
from sdqviz.layers.checkpoint import packed_tensors
from sdqviz.layers.convert import pack_network
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.layers.size import predicted_bytes, tensor_bytes
from sdqviz.layers.time_table import install_time_rows
from sdqviz.publish.results import read_page
from sdqviz.quant.ranges import spanning_range
from sdqviz.quant.spec import ActivationSpec
from tests.tiny import FAMILIES, save_tiny_model

IDS = [p.family for p in PUBLISHED]
# family -> role -> layers
COUNTS = {
    "sd1": {"first": 1, "last": 1, "time": 24, "block": 224, "conditioning": 32},
    "sd2": {"first": 1, "last": 1, "time": 24, "block": 224, "conditioning": 32},
    "sdxl": {
        **{"first": 1, "last": 1, "embedder": 4, "modulation": 17, "block": 631},
        "conditioning": 140,
    },
    "sd3": {"first": 1, "last": 1, "embedder": 5, "modulation": 49, "block": 285},
}


def on_meta(published) -> nn.Module:
    with torch.device("meta"):
        return getattr(diffusers, published.network_class)(**published.config)


@pytest.mark.parametrize("published", PUBLISHED, ids=IDS)
def test_the_config_is_the_published_network(published):
    network = on_meta(published)
    assert sum(p.numel() for p in network.parameters()) == published.parameters
    assert sum(b.numel() for b in network.buffers()) == published.position_table
    family = named(PACKAGE, "FAMILY", published.family)
    assert family.mismatch(dict(network.config)) is None


@pytest.mark.parametrize("published", PUBLISHED, ids=IDS)
def test_the_plan_covers_it(published):
    network = on_meta(published)
    family = named(PACKAGE, "FAMILY", published.family)
    plan = make_plan(network, family.roles(network), PlanConfig())
    counts: dict[str, int] = {}
    for layer in plan.values():
        counts[layer.role] = counts.get(layer.role, 0) + 1
        if layer.weight is None:
            assert layer.role in ("time", "embedder")
            assert layer.reason
        elif layer.activation is None:
            assert layer.role in ("first", "modulation")
            assert layer.reason
    assert counts == COUNTS[published.family]
    four_bit = sum(p.parameters for p in plan.values() if p.weight and p.weight.bits == 4)
    assert four_bit > 0.96 * published.parameters


@pytest.mark.parametrize(
    ("published", "rows", "most"),
    [
        (PUBLISHED[0], 1000, 0.14),
        (PUBLISHED[0], 26, 0.128),
        (PUBLISHED[1], 1000, 0.14),
        (PUBLISHED[2], 0, 0.134),
        (PUBLISHED[3], 0, 0.134),
    ],
)
def test_the_packed_size_is_predicted(published, rows, most):
    network = on_meta(published)
    family = named(PACKAGE, "FAMILY", published.family)
    plan = make_plan(network, family.roles(network), PlanConfig())
    size = predicted_bytes(network, plan, timesteps=25, time_rows=rows)
    ratio = sum(size.values()) / (4 * published.parameters)
    assert 0.125 < ratio <= most  # 4 bits of 32 are 0.125
    assert (size["time table"] > 0) == (rows > 0)


def test_the_documents_say_what_is_predicted():
    page = read_page(assets_folder() / "results" / "published.json")
    assert [row["family"] for row in page["rows"]] == IDS
    for published, row in zip(PUBLISHED, page["rows"], strict=True):
        network = on_meta(published)
        family = named(PACKAGE, "FAMILY", published.family)
        plan = make_plan(network, family.roles(network), PlanConfig())
        size = predicted_bytes(network, plan, timesteps=25, time_rows=25)
        assert row["packed"] == round(sum(size.values()) / (4 * published.parameters), 3)
        assert row["parameters"] == published.parameters
        assert row["position_table"] == published.position_table


@pytest.mark.parametrize("family", FAMILIES)
def test_the_prediction_is_what_packing_gives(family, tmp_path):
    model = load(str(save_tiny_model(tmp_path / family, family)))
    network = model.network.half().float()  # as a half-precision checkpoint loads
    plan = make_plan(network, model.family.roles(network), PlanConfig())
    predicted = predicted_bytes(network, plan, timesteps=3, time_rows=7)
    spec, pair = ActivationSpec(), spanning_range(-3.0, 3.0, ActivationSpec())
    pairs = {}
    for name, layer in plan.items():
        if layer.activation is not None:
            own = {1.0: pair, 2.0: pair, 3.0: pair} if layer.per_timestep else {1.0: pair}
            inputs = network.get_submodule(name).weight.shape[1]
            factor = torch.ones(inputs) if layer.per_timestep else None
            pairs[name] = ActivationRanges(own, spec, factor=factor)
    teacher = copy.deepcopy(network)
    pack_network(network, plan, pairs)
    install_time_rows(network, teacher, torch.arange(7))
    assert sum(predicted.values()) == tensor_bytes(packed_tensors(network))
