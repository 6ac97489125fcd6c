import torch
from torch import nn

from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.fake import FakeLayer
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.training.freezing import Freezer
from sdqviz.training.trainer import Trainer


def linear() -> FakeLayer:
    layer = nn.Linear(32, 4)
    plan = make_plan(nn.ModuleDict({"layer": layer}), {}, PlanConfig())["layer"]
    return FakeLayer(layer, plan, None, CurrentCall())


def test_a_plateau_freezes_and_says_so():
    freezer = Freezer(
        {"a": [linear()], "b": [linear()]}, window=2, plateau=0.1, patience=3, oscillation=1.0
    )
    for step in range(8):  # four windows: a halves in each, b falls by 5 % once
        freezer.see({"a": 0.5 ** (step // 2), "b": 1.0 if step < 2 else 0.95})
        found = freezer.check(step) if freezer.due(step) else []
        assert bool(found) == (step == 7)
    (frozen,) = found
    assert frozen.block == "b"
    assert "not fallen for 6 steps (best 1, now 0.95)" in frozen.reason
    assert freezer.frozen == {"b": 7}


def test_oscillating_codes_freeze_and_steady_drift_does_not():
    rocking, drifting = linear(), linear()
    freezer = Freezer(
        {"r": [rocking], "d": [drifting]}, window=1, plateau=-1.0, patience=3, oscillation=0.5
    )
    step_r, step_d = rocking.step, drifting.step
    found = []
    for step in range(3):
        freezer.see({"r": 1.0, "d": 1.0})
        found += freezer.check(step)
        with torch.no_grad():
            rocking.weight.add_(step_r if step % 2 == 0 else -step_r)
            drifting.weight.add_(step_d)
    assert [f.block for f in found] == ["r"]
    assert "oscillation" in found[0].reason


def test_its_state_travels():
    layers = {"a": [linear()]}
    one = Freezer(layers, window=2, plateau=0.1, patience=3, oscillation=0.5)
    for step in range(7):
        one.see({"a": 1.0})
        if one.due(step):
            assert not one.check(step)
    two = Freezer(layers, window=2, plateau=0.1, patience=3, oscillation=0.5)
    two.restore(one.numbers(), one.tensors())
    for freezer in (one, two):
        freezer.see({"a": 1.0})
    assert [f.reason for f in one.check(7)] == [f.reason for f in two.check(7)]
    assert one.frozen == two.frozen == {"a": 7}


def test_a_frozen_layer_does_not_move():
    student = nn.Sequential(linear(), linear())
    trainer = Trainer(
        student,
        trainable="all",
        rank=1,
        weight_rate=0.1,
        scale_rate=0.01,
        average=0.5,
        clip=1.0,
        steps=4,
    )
    x = torch.randn(8, 32)
    for step in range(4):
        if step == 2:
            trainer.freeze([student[0]])
            held = {n: p.clone() for n, p in student[0].named_parameters()}
        (student[0](x).square().mean() + student[1](x).square().mean()).backward()
        moved = student[1].weight.clone()
        trainer.update(step)
        if step == 2:
            assert not torch.equal(moved, student[1].weight)
    for name, value in held.items():
        assert torch.equal(value, student[0].get_parameter(name))
        assert torch.allclose(trainer.state.average[f"0.{name}"], value)
