"""Fake layers: the pair of each sample's own timestep, and packing without a change."""

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.fake import FakeLayer, fixed_weights
from sdqviz.layers.learned_ranges import SMOOTH, LearnedRanges, group_basis, smooth_basis
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.quant.ranges import spanning_range
from sdqviz.quant.spec import ActivationSpec

TIMESTEPS = (1.0, 101.0, 201.0, 301.0, 401.0, 501.0)


def pairs(timesteps=TIMESTEPS, factor=None) -> ActivationRanges:
    spec = ActivationSpec()
    found = {t: spanning_range(-1 - t / 100, 2 + t / 50, spec) for t in timesteps}
    return ActivationRanges(found, spec, factor=factor)


def fake(shape="free", group=1, factor=None) -> tuple[FakeLayer, CurrentCall]:
    torch.manual_seed(0)
    layer = nn.Conv2d(20, 6, 3, padding=1)
    plan = make_plan(nn.ModuleDict({"layer": layer}), {}, PlanConfig())["layer"]
    current_call = CurrentCall()
    return FakeLayer(
        layer, plan, pairs(factor=factor), current_call, shape=shape, group=group
    ), current_call


def test_the_gather_takes_each_samples_own_pair():
    layer, current_call = fake()
    x = torch.randn(4, 20, 5, 5, generator=torch.Generator().manual_seed(1)) * 3
    current_call.timesteps = [301.0, 1.0, 301.0, 501.0]
    together = layer(x)
    for index, timestep in enumerate(current_call.timesteps):
        current_call.timesteps = [timestep]
        alone = layer(x[index : index + 1])
        assert torch.allclose(together[index], alone[0], atol=1e-5)
        current_call.timesteps = [101.0]  # another pair gives another output
        assert not torch.allclose(together[index], layer(x[index : index + 1])[0], atol=1e-5)


def test_only_the_pairs_of_the_batch_get_gradients():
    layer, current_call = fake()
    current_call.timesteps = [101.0, 401.0]
    layer(torch.randn(2, 20, 5, 5) * 5).sum().backward()
    assert layer.pairs.theta.grad.nonzero().flatten().tolist() == [1, 4]


def test_neighbours_share_a_change_and_smooth_ones_move_together():
    assert group_basis(5, 2).argmax(dim=1).tolist() == [0, 0, 1, 1, 2]
    layer, current_call = fake(group=2)
    assert layer.pairs.theta.shape == (3,)
    smooth, current_call = fake(shape=SMOOTH)
    current_call.timesteps = [101.0]
    smooth(torch.randn(1, 20, 5, 5) * 5).sum().backward()
    assert smooth.pairs.theta.grad.abs().min() > 0
    assert smooth_basis(6)[:, 0].tolist() == [1.0] * 6


def test_an_unknown_timestep_is_refused():
    with pytest.raises(SdqvizError, match="has no activation range"):
        LearnedRanges(pairs()).gather([7.0])


@pytest.mark.parametrize("factor", [None, torch.linspace(0.2, 3, 20)])
def test_packing_changes_nothing_after_training(factor):
    layer, current_call = fake(factor=factor)
    with torch.no_grad():
        layer.weight.add_(0.02 * torch.randn(layer.weight.shape))
        layer.stretch.add_(0.05 * torch.randn(layer.stretch.shape))
        layer.pairs.theta.add_(0.1)
        layer.pairs.delta.add_(-0.05)
    packed = layer.pack(current_call)
    assert torch.equal(packed.unpacked().codes, layer.quantized().codes)
    x = torch.randn(3, 20, 5, 5) * 3
    current_call.timesteps = [1.0, 301.0, 501.0]
    y = layer(x)
    assert (packed(x) - y).abs().max() <= 2e-5 * y.abs().max()


def test_the_weight_takes_over_what_the_input_is_divided_by():
    plain, _ = fake()
    equalised, current_call = fake(factor=torch.linspace(0.2, 3, 20))
    current_call.timesteps = [1.0]
    x = (torch.randn(1, 20, 5, 5) / 8).clamp(-0.3, 0.3)  # inside the range
    factor = torch.linspace(0.2, 3, 20)
    assert torch.allclose(equalised.current_weight() * factor, plain.current_weight(), rtol=1e-5)
    exact = nn.functional.conv2d(
        x * factor.view(-1, 1, 1), equalised.rounded_weight(), equalised.bias, padding=1
    )
    assert (equalised(x) - exact).abs().max() < 0.05 * exact.abs().max()


@pytest.mark.parametrize("rank", [0, 4])
def test_training_in_bfloat16_rounds_by_the_scales_that_are_packed(rank):
    layer, _ = fake()
    if rank:
        layer.add_low_rank(rank)
    with torch.no_grad():
        layer.pairs.theta.copy_(torch.linspace(-0.01, 0.01, len(TIMESTEPS)))
        layer.pairs.delta.copy_(torch.linspace(0.001, 0.003, len(TIMESTEPS)))
        for part in layer.low_rank or ():
            part.add_(0.01)
    wanted = [*layer.pairs.ranges(), layer.rounded_weight()]
    with torch.autocast("cpu", torch.bfloat16):
        got = [*layer.pairs.ranges(), layer.rounded_weight()]
    assert all(torch.equal(a, b) for a, b in zip(got, wanted, strict=True))


def test_fixed_weights_give_the_same_output_and_let_go():
    layer, current_call = fake()
    current_call.timesteps = [1.0]
    x = torch.randn(1, 20, 5, 5)
    free = layer(x)
    with fixed_weights(layer):
        assert torch.equal(layer(x), free)
        with torch.no_grad():
            layer.weight.mul_(2)
        assert torch.equal(layer(x), free)
    assert not torch.equal(layer(x), free)


def test_low_rank_starts_where_the_weight_is():
    layer, _ = fake()
    before = layer.rounded_weight()
    layer.add_low_rank(4)
    assert torch.equal(layer.rounded_weight(), before)
    with torch.no_grad():
        layer.low_rank[0].add_(0.1)
    assert not torch.equal(layer.rounded_weight(), before)


def test_ranges_found_on_the_cpu_serve_a_weight_on_a_gpu():
    with FakeTensorMode():  # a pretended GPU: a mix of devices raises
        weight = torch.empty(6, 9, 20, device="cuda")
        found = ActivationRanges.empty(1, ActivationSpec(), False, 20)
        assert found.factor.device.type == "cpu"
        assert found.equalised(weight).device.type == "cuda"
