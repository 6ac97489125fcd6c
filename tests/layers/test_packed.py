import copy

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.kernels.cuda_int_mm import ENGINE as INT_MM
from sdqviz.kernels.eager import ENGINE as EAGER
from sdqviz.layers import served_weight
from sdqviz.layers.checkpoint import packed_tensors, restore_packed
from sdqviz.layers.convert import pack_layer, pack_network, packed_layers, set_resident
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.description import quantization_config
from sdqviz.layers.fake import FakeLayer
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.quant.numerics import fake_quantize_weight
from sdqviz.quant.ranges import spanning_range
from sdqviz.quant.spec import ActivationSpec

LAYERS = {
    "linear": (nn.Linear(37, 11), (3, 5, 37)),
    "linear without bias": (nn.Linear(64, 8, bias=False), (3, 64)),
    "3x3": (nn.Conv2d(20, 6, 3, padding=1), (3, 20, 8, 8)),
    "1x1": (nn.Conv2d(33, 6, 1), (3, 33, 4, 4)),
    "strided": (nn.Conv2d(16, 6, 3, stride=2, padding=1), (3, 16, 9, 7)),
}


def ranges_for(x: torch.Tensor, timesteps: tuple[float, ...] = (10.0, 20.0)) -> ActivationRanges:
    spec = ActivationSpec()
    low, high = x.min().item(), x.max().item()
    return ActivationRanges(
        {t: spanning_range(low * (1 + t / 50), high * (1 + t / 50), spec) for t in timesteps}, spec
    )


@pytest.mark.parametrize("name", LAYERS)
def test_packed_and_fake_layers_agree(name):
    layer, shape = LAYERS[name]
    plan = make_plan(nn.ModuleDict({"layer": layer}), {}, PlanConfig())["layer"]
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    current_call = CurrentCall()
    current_call.timesteps = [10.0, 20.0, 10.0]  # a mixed batch: each sample by its own pair
    pairs = ranges_for(x)
    packed = pack_layer(layer, plan, pairs, current_call)
    fake = FakeLayer(layer, plan, pairs, current_call)
    y, simulated = packed(x), fake(x)
    assert (y - simulated).abs().max() <= 2e-6 * simulated.abs().max() * 10
    current_call.timesteps = [20.0]
    assert torch.equal(packed(x)[1], y[1])
    assert not torch.equal(packed(x)[0], y[0])
    weight_only = pack_layer(layer, plan, None, current_call)
    assert torch.allclose(
        weight_only._weight_only(x), FakeLayer(layer, plan, None, current_call)(x), atol=1e-5
    )


def test_the_packed_weight_is_the_fake_quantized_one():
    layer = LAYERS["3x3"][0]
    plan = make_plan(nn.ModuleDict({"layer": layer}), {}, PlanConfig())["layer"]
    packed = pack_layer(layer, plan, None, CurrentCall())
    own = packed.unpacked().dequantize().view(6, 3, 3, 20).permute(0, 3, 1, 2)
    assert torch.equal(own, fake_quantize_weight(layer.weight, plan.weight))


def test_padding_pads_with_the_zero_point():
    layer = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    nn.init.ones_(layer.weight)
    plan = make_plan(nn.ModuleDict({"layer": layer}), {}, PlanConfig())["layer"]
    x = torch.full((1, 1, 3, 3), 2.0)
    spec = ActivationSpec()
    pairs = ActivationRanges({float("nan"): spanning_range(-1.0, 3.0, spec)}, spec)
    y = pack_layer(layer, plan, pairs, CurrentCall())(x)
    assert y[0, 0, 1, 1] == pytest.approx(18, rel=0.03)
    assert y[0, 0, 0, 0] == pytest.approx(8, rel=0.03)  # four of nine taps; padding adds nothing


def test_uncalibrated_timesteps_take_the_nearest_pair_ties_to_the_larger():
    pairs = ranges_for(torch.randn(10), (100.0, 200.0, 300.0))
    table = dict(pairs.table())
    assert pairs.at(200.0) == table[200.0]
    assert pairs.misses == 0
    assert pairs.at(150.0) == table[200.0]
    assert pairs.at(149.0) == table[100.0]
    assert pairs.at(999.0) == table[300.0]
    assert pairs.misses == 3


def test_ranges_looked_up_on_the_device_are_those_of_the_host():
    pairs = ranges_for(torch.randn(10), (99.5, 100.0, 200.0, 300.0))
    asked = [99.5, 99.75, 100.0, 149.0, 150.0, 250.0, 999.0, 0.0]
    rows = pairs.rows_at(torch.tensor(asked))
    for timestep, row in zip(asked, rows, strict=True):
        assert torch.equal(row, pairs.at(timestep).row_on(torch.device("cpu"))[0]), timestep
    spec = ActivationSpec()
    static = ActivationRanges({float("nan"): spanning_range(-1.0, 3.0, spec)}, spec)
    assert torch.equal(static.rows_at(torch.tensor([7.0, 9.0])), static.rows())


@pytest.fixture
def device_engine(monkeypatch):
    """An engine that reads ranges on the device serves on this one; its calls' ranges."""
    seen = []

    class Recording(type(INT_MM)):
        def run_rows(self, x, prepared, ranges, spec):
            seen.append(ranges)
            return super().run_rows(x, prepared, ranges, spec)

    monkeypatch.setattr(served_weight, "choose_engine", lambda *given: (Recording(), {}))
    return seen


def test_a_mixed_batch_is_one_call_where_ranges_are_on_the_device(device_engine):
    layer, spec = nn.Linear(40, 16), ActivationSpec()
    plan = make_plan(nn.ModuleDict({"layer": layer}), {}, PlanConfig())["layer"]
    x, current_call = torch.randn(3, 5, 40), CurrentCall()
    packed = pack_layer(layer, plan, ranges_for(x), current_call)
    current_call.timesteps = [10.0, 20.0, 10.0]
    mixed = packed(x)
    assert [len(rows) for rows in device_engine] == [3]
    for timestep, row in ((10.0, 0), (20.0, 1)):
        reference = EAGER.prepare(packed.operands())
        wanted = EAGER.run(x, reference, packed.activations.at(timestep), spec)
        assert torch.equal(mixed[row], wanted[row])


@pytest.mark.parametrize("faster", [True, False])
def test_the_fastest_layer_may_be_the_plain_one_and_only_where_that_was_asked(
    device_engine, faster, monkeypatch
):
    monkeypatch.setattr(served_weight, "worth_measuring", lambda x, best: True)
    monkeypatch.setattr(served_weight, "prefers_fp", lambda x, operands, spec: faster)
    layer, current_call = nn.Linear(40, 16), CurrentCall()
    plan = make_plan(nn.ModuleDict({"layer": layer}), {}, PlanConfig())["layer"]
    x = torch.randn(3, 5, 40)
    ranges = ranges_for(x)
    ranges.factor = torch.linspace(0.5, 2, 40)
    packed = pack_layer(layer, plan, ranges, current_call)
    monkeypatch.setattr(
        served_weight, "fastest", lambda x, operands, spec, alone: packed.choice()[0]
    )
    for timesteps in ([10.0], [10.0, 20.0, 10.0]):
        current_call.timesteps = timesteps
        packed.keep("expanded")
        integer = packed(x)
        packed.keep("fastest")
        plain = nn.functional.linear(
            x * ranges.factor, packed.unpacked().dequantize()[:, 0], layer.bias
        )
        assert not torch.equal(integer, plain)
        assert torch.equal(packed(x), plain if faster else integer)
        assert (packed._real is not None) == faster


class Network(nn.Module):
    """A network of one packed layer, as the compiler meets it."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, sample, timestep):
        return self.layer(sample) + 1


@pytest.mark.parametrize("first_token_fp", [False, True])
def test_a_compiled_layer_waits_for_no_value(device_engine, first_token_fp, monkeypatch):
    """Ranges on the device: a CUDA graph can be recorded, which a value's way to the host ends."""
    layer = nn.Linear(40, 16)
    plan = make_plan(nn.ModuleDict({"layer": layer}), {}, PlanConfig())["layer"]
    x, current_call = torch.randn(2, 5, 40), CurrentCall()
    ranges = ranges_for(x)
    ranges.first_token_fp = first_token_fp
    network = Network(pack_layer(layer, plan, ranges, current_call)).eval()
    current_call.attach(network)
    timesteps = torch.tensor([10.0, 20.0])
    with torch.no_grad():
        wanted = network(x, timestep=timesteps)
        torch.compiler.reset()
        compiled = torch.compile(network, backend="aot_eager", fullgraph=True)
        compiled(x, timestep=timesteps)
        with monkeypatch.context() as patched:
            patched.setattr(torch.Tensor, "tolist", None)
            patched.setattr(torch.Tensor, "item", None)
            assert torch.equal(compiled(x, timestep=timesteps), wanted)
            later = compiled(x, timestep=torch.tensor([20.0, 20.0]))
    assert torch.equal(later[1], wanted[1]) and not torch.equal(later[0], wanted[0])


@pytest.mark.parametrize("factor", [None, torch.linspace(0.25, 2, 16)])
def test_the_first_token_may_keep_fp_activations(factor):
    layer = nn.Linear(16, 4)
    plan = make_plan(nn.ModuleDict({"layer": layer}), {}, PlanConfig())["layer"]
    x = torch.randn(2, 7, 16, generator=torch.Generator().manual_seed(3))
    x[:, 0] *= 1000
    spec = ActivationSpec()
    pair = spanning_range(x[:, 1:].min().item(), x[:, 1:].max().item(), spec)
    pairs = ActivationRanges({float("nan"): pair}, spec, first_token_fp=True, factor=factor)
    packed = pack_layer(layer, plan, pairs, CurrentCall())
    if factor is None:
        factor = torch.ones(16)
    weight = fake_quantize_weight(layer.weight / factor, plan.weight)
    exact = nn.functional.linear(x[:, 0] * factor, weight, layer.bias)
    assert torch.allclose(packed(x)[:, 0], exact, rtol=1e-5)


def test_scales_stay_float32_and_codes_integers(tiny):
    network, current_call = packed_copy(tiny)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    network.to(torch.float16)
    owned = [f"{name}." for name in packed_layers(network)]
    for name, tensor in network.state_dict().items():
        if any(name.startswith(prefix) for prefix in owned):
            # nan marks the pair that serves every timestep
            assert tensor.dtype == before[name].dtype
            assert torch.equal(tensor.nan_to_num(), before[name].nan_to_num()), name
        else:
            assert tensor.dtype == torch.float16
    assert current_call.timesteps is None


def packed_copy(model):
    network = copy.deepcopy(model.network)
    plan = make_plan(network, model.family.roles(network), PlanConfig())
    spec = ActivationSpec()
    pairs = {
        n: ActivationRanges({float("nan"): spanning_range(-3.0, 3.0, spec)}, spec)
        for n, layer in plan.items()
        if layer.activation
    }
    return network, pack_network(network, plan, pairs)


def test_codes_stay_as_they_are_stored_in_a_channels_last_network(tiny):
    network = copy.deepcopy(tiny.network)
    plan = make_plan(network, tiny.family.roles(network), PlanConfig(activation_bits=0))
    pack_network(network, plan, {})
    before = {n: layer.codes.clone() for n, layer in packed_layers(network).items()}
    network.to(memory_format=torch.channels_last)
    for name, layer in packed_layers(network).items():
        assert layer.codes.is_contiguous()
        assert torch.equal(layer.codes, before[name])


def test_a_saved_network_is_the_same_network(tiny):
    network, _ = packed_copy(tiny)
    data = save(packed_tensors(network))
    with torch.device("meta"):
        again = type(network).from_config(tiny.network.config)
    restore_packed(again, quantization_config(network), load(data))
    x = torch.randn(2, 4, 8, 8)
    text = torch.randn(2, 77, 24)
    with torch.no_grad():
        y = network(x, torch.tensor(7), encoder_hidden_states=text).sample
        assert torch.equal(again(x, torch.tensor(7), encoder_hidden_states=text).sample, y)
    assert save(packed_tensors(again)) == data


def test_a_file_that_does_not_fit_is_refused(tiny):
    network, _ = packed_copy(tiny)
    tensors, config = packed_tensors(network), quantization_config(network)
    tensors.pop("conv_in.codes")
    with pytest.raises(SdqvizError, match=r"conv_in\.codes"):
        restore_packed(copy.deepcopy(tiny.network), config, tensors)
    with pytest.raises(SdqvizError, match="version 99"):
        restore_packed(copy.deepcopy(tiny.network), {**config, "format_version": 99}, tensors)


def test_a_layer_outside_its_network_says_so():
    layer = nn.Linear(4, 4)
    plan = make_plan(nn.ModuleDict({"layer": layer}), {}, PlanConfig())["layer"]
    packed = pack_layer(layer, plan, ranges_for(torch.randn(9)), CurrentCall())
    with pytest.raises(SdqvizError, match="outside its network"):
        packed(torch.randn(1, 4))


def test_the_plan_covers_every_layer_with_a_reason(tiny):
    plan = make_plan(tiny.network, tiny.family.roles(tiny.network), PlanConfig())
    layers = [n for n, m in tiny.network.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    assert list(plan) == layers
    assert plan["conv_in"].weight.bits == plan["conv_out"].weight.bits == 8
    removed = [layer for layer in plan.values() if layer.role == "time"]
    assert removed
    for layer in plan.values():
        assert layer.reason or layer.role == "block"
        assert (layer.weight is None) == (layer.role == "time")


def test_four_bits_in_memory_give_the_same_values(tiny):
    student = copy.deepcopy(tiny.network)
    plan = make_plan(student, tiny.family.roles(student), PlanConfig(activation_bits=0))
    pack_network(student, plan, {})
    x, text = torch.randn(2, 4, 8, 8), torch.randn(2, 77, 24)
    with torch.no_grad():
        expanded = student(x, 5, text).sample
        set_resident(student, "packed")
        assert torch.equal(student(x, 5, text).sample, expanded)
    layers = packed_layers(student).values()
    assert all(layer._w8 is None and layer._prepared is None for layer in layers)
    with pytest.raises(SdqvizError, match="resident is 'half'"):
        set_resident(student, "half")
