from dataclasses import replace

import pytest
import torch
from torch import nn

from sdqviz.layers.convert import pack_layer
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.measure.layer_facts import code_counts, weight_error
from sdqviz.quant.numerics import fake_quantize_weight
from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec, WeightSpec


def packed_linear(spec, factor=None, inputs=32):
    torch.manual_seed(0)
    layer = nn.Linear(inputs, 8)
    one = {float("nan"): ActivationRange(0.1, 10.0, 0)}
    pairs = ActivationRanges(one, ActivationSpec(bits=8), factor=factor)
    plan = make_plan(nn.ModuleDict({"layer": layer}), {}, PlanConfig())["layer"]
    return layer, pack_layer(layer, replace(plan, weight=spec), pairs, CurrentCall())


def test_the_weight_error_is_of_the_weights_without_their_equalisation():
    spec, factor = WeightSpec(bits=4, group=16), torch.linspace(0.25, 2, 32)
    layer, packed = packed_linear(spec, factor)
    rounded = fake_quantize_weight(layer.weight.detach() / factor, spec) * factor
    expected = (rounded - layer.weight).square().sum() / layer.weight.square().sum()
    assert weight_error(packed, layer.weight.detach()) == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.parametrize(
    ("bits", "group", "inputs"), [(4, 16, 32), (4, 16, 40), (3, 0, 33), (8, 0, 32)]
)
def test_every_weight_and_group_is_counted_once(bits, group, inputs):
    layer, packed = packed_linear(WeightSpec(bits=bits, group=group), inputs=inputs)
    counts, stored = code_counts(packed), packed.unpacked()
    assert len(counts["codes"]) == 2**bits and sum(counts["codes"]) == layer.weight.numel()
    low = -(2 ** (bits - 1))
    for code in stored.codes.unique().tolist():
        assert counts["codes"][code - low] == int((stored.codes == code).sum())
    assert sum(counts["multipliers"]) == (stored.multipliers.numel() if group else 0)
    for place, number in enumerate(counts["multipliers"], start=1):
        assert number == int((stored.multipliers == place).sum())
    assert counts["scale"] == [packed.scale.min().item(), packed.scale.max().item()]
