"""A copied, pickled or shared network: each call has its own timestep."""

import copy
import pickle
import threading

import pytest
import torch

from sdqviz.layers.convert import pack_network, packed_layers, twin
from sdqviz.layers.plan import CONDITIONING, MODULATION, PlanConfig, make_plan
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.quant.ranges import spanning_range
from sdqviz.quant.spec import ActivationSpec

TIMESTEPS = (1.0, 500.0, 900.0)


@pytest.fixture
def packed(tiny):
    """A network whose ranges at each timestep are far from those at the others."""
    network = copy.deepcopy(tiny.network)
    plan = make_plan(network, tiny.family.roles(network), PlanConfig(time_rows="none"))
    spec = ActivationSpec()
    ranges = {t: spanning_range(-3.0 * (1 + i), 3.0, spec) for i, t in enumerate(TIMESTEPS)}
    planned = {n: ActivationRanges(ranges, spec) for n, p in plan.items() if p.activation}
    pack_network(network, plan, planned)
    return network


@torch.no_grad()
def predict(network, timestep, seed=0):
    draw = torch.Generator().manual_seed(seed)
    x, text = (torch.randn(*shape, generator=draw) for shape in ((1, 4, 8, 8), (1, 77, 24)))
    return network(x, torch.tensor(timestep), encoder_hidden_states=text).sample


def pickled(network):
    return pickle.loads(pickle.dumps(network))


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled, twin])
def test_a_copy_follows_its_own_calls(packed, copied):
    right = {t: predict(packed, t) for t in TIMESTEPS}
    assert not torch.equal(right[1.0], right[900.0])
    early = copied(packed)
    predict(packed, 1.0)  # the original was last somewhere else
    late = copied(packed)
    for network in (early, late, copied(late)):
        for timestep in reversed(TIMESTEPS):
            assert torch.equal(predict(network, timestep), right[timestep])
            predict(packed, 1.0)


def test_two_threads_on_one_network_do_not_meet(packed):
    right = {t: predict(packed, t) for t in TIMESTEPS}
    wrong: list[float] = []

    def draw(timestep: float) -> None:
        for _ in range(6):
            if not torch.equal(predict(packed, timestep), right[timestep]):
                wrong.append(timestep)

    inside = threading.Barrier(2, timeout=60)

    def meet(*_: object) -> None:  # each waits for the other in the middle of its call
        inside.wait()

    hook = next(iter(packed_layers(packed).values())).register_forward_pre_hook(meet)
    threads = [threading.Thread(target=draw, args=(t,)) for t in (1.0, 900.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hook.remove()
    assert not wrong


def test_each_chunk_of_a_long_prompt_keeps_its_first_token(tiny):
    """154 rows are two chunks of 77: row 77 is a begin-of-text token too."""
    plan = make_plan(tiny.network, tiny.family.roles(tiny.network), PlanConfig())
    name = next(n for n, p in plan.items() if p.role == CONDITIONING)
    network, spec = copy.deepcopy(tiny.network), ActivationSpec()
    ranges = ActivationRanges({float("nan"): spanning_range(-1.0, 1.0, spec)}, spec, True)
    pack_network(network, {name: plan[name]}, {name: ranges})
    layer, plain = packed_layers(network)[name], tiny.network.get_submodule(name)
    text = torch.rand(1, 154, 24, generator=torch.Generator().manual_seed(0)) - 0.5
    text[:, ::77] *= 40
    with torch.no_grad():
        error = (layer(text) - plain(text)).norm(dim=-1) / plain(text).norm(dim=-1)
    assert error[0, 77] == pytest.approx(float(error[0, 0]), abs=0.05)
    assert error.max() < 0.3


def test_a_remembered_layer_knows_the_guidance_embedding(tmp_path):
    from sdqviz.families.loading import load
    from tests.families.test_pipelines_pictures import distil
    from tests.tiny import save_tiny_model

    for family in ("sd1", "sdxl"):
        folder = save_tiny_model(tmp_path / family, family)
        distil(folder)
        model = load(str(folder))
        network = copy.deepcopy(model.network)
        plan = make_plan(network, model.family.roles(network), PlanConfig(activation_bits=0))
        assert any(layer.role == MODULATION for layer in plan.values())
        pack_network(network, plan, {})
        embed = model.pipeline.get_guidance_scale_embedding
        more = {}
        if family == "sdxl":
            more = {"text_embeds": torch.ones(1, 32), "time_ids": torch.ones(1, 6)}
        text = torch.randn(1, 7, network.config.cross_attention_dim)

        def change(network, embed=embed, text=text, more=more) -> float:
            x = torch.ones(1, 4, 8, 8)
            with torch.no_grad():
                one, other = (
                    network(
                        x,
                        1,
                        text,
                        timestep_cond=embed(torch.tensor([w]), embedding_dim=32),
                        added_cond_kwargs=more,
                    ).sample
                    for w in (0.0, 7.0)
                )
            return float((one - other).abs().max())

        assert change(network) > 0.5 * change(model.network) > 0
