"""The correction of a network's output: what it computes, in copies and files; what is refused."""

import copy

import pytest
import torch
from safetensors.torch import load_file

from sdqviz.base.errors import SdqvizError
from sdqviz.diffusion.trajectory import guide
from sdqviz.layers.checkpoint import build_student, packed_tensors, restore_packed, serialise
from sdqviz.layers.convert import pack_network, twin
from sdqviz.layers.correction import OutputCorrection, correction_of, install_correction
from sdqviz.layers.description import quantization_config
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.layers.variants import partly_quantized


@pytest.fixture
def packed(tiny):
    network = twin(tiny.network)
    plan = make_plan(network, tiny.family.roles(network), PlanConfig(activation_bits=0))
    pack_network(network, plan, {})
    return network


def correction() -> OutputCorrection:
    factor = torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.5, 0.5, 0.5, 0.25]])
    return OutputCorrection(torch.tensor([10.0, 500.0]), factor, factor / 8)


def call(network, timestep=480, **options):
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    text = torch.ones(2, 77, 24)
    with torch.no_grad():
        return network(x, torch.tensor(timestep), encoder_hidden_states=text, **options)


def test_it_acts_on_every_form_of_the_output(packed):
    before = call(packed).sample
    install_correction(packed, correction())
    wanted = correction()(before, torch.tensor(480))
    row = correction()
    assert torch.equal(wanted[:, 3], row.factor[1, 3] * (before[:, 3] - row.shift[1, 3]))
    assert torch.equal(call(packed).sample, wanted)
    assert torch.equal(call(packed, return_dict=False)[0], wanted)
    assert torch.equal(call(copy.deepcopy(packed)).sample, wanted)
    install_correction(packed, correction())  # in the place of the first, not beside it
    assert torch.equal(call(packed).sample, wanted)
    halved = copy.deepcopy(packed).to(torch.float16)  # the tensors are the FP model's own
    assert correction_of(halved).factor.dtype == torch.float32


def test_each_sample_has_its_own_timestep_and_ties_go_to_the_larger():
    output, own = torch.ones(3, 4, 2, 2), correction()
    mixed = own(output, torch.tensor([10, 255, 900]))
    for row, timestep in zip(mixed, (10.0, 500.0, 500.0), strict=True):
        assert torch.equal(row, own(output[:1], torch.tensor(timestep))[0])


def test_correcting_each_branch_corrects_the_guided_output():
    pair, own = torch.randn(2, 4, 3, 3), correction()
    for guidance in (1.0, 7.5):
        guided = own(guide(pair, guidance), torch.tensor(10))
        assert torch.allclose(guide(own(pair, torch.tensor(10)), guidance), guided, atol=1e-4)


def test_it_is_in_the_file_and_version_one_stays(packed, tiny, tmp_path):
    plain = quantization_config(packed)
    assert plain["format_version"] == 1 and "sections" not in plain
    install_correction(packed, correction())
    config = quantization_config(packed)
    assert config["format_version"] == 2
    assert config["sections"] == {"correction": {"timesteps": 2, "channels": 4}}
    serialise(packed, tmp_path / "file")
    tensors = load_file(tmp_path / "file")
    assert {n for n in tensors if n.startswith("correction.")} == {
        f"correction.{name}" for name in ("timesteps", "factor", "shift")
    }
    loaded = build_student(tiny.network, tmp_path / "file")
    assert torch.equal(call(loaded).sample, call(packed).sample)
    weights_alone = partly_quantized(tiny.network, loaded, "weights")
    assert correction_of(weights_alone) is None and correction_of(loaded) is not None


def test_what_a_reader_refuses(packed, tiny):
    install_correction(packed, correction())
    config, tensors = quantization_config(packed), packed_tensors(packed)
    unknown = {**config, "sections": {**config["sections"], "low_rank": {}}}
    with pytest.raises(SdqvizError, match="a section 'low_rank', which this sdqviz does not know"):
        restore_packed(copy.deepcopy(tiny.network), unknown, tensors)
    changed = {**tensors, "correction.factor": tensors["correction.factor"] + 1}
    with pytest.raises(SdqvizError, match="not those that were written"):
        restore_packed(copy.deepcopy(tiny.network), config, changed)
    for name, value, problem in (
        ("factor", torch.inf, "a value is not finite"),
        ("timesteps", 600.0, "its timesteps are not in order"),
    ):
        damaged = tensors[f"correction.{name}"].clone()
        damaged[0] = value
        wrong = {**tensors, f"correction.{name}": damaged}
        with pytest.raises(SdqvizError, match=f"section correction: {problem}"):
            restore_packed(copy.deepcopy(tiny.network), config, wrong)
