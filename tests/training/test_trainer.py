"""What a training moves: where it is kept, what a step costs, what half precision needs."""

import math

import pytest
import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.convert import twin
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.fake import FakeLayer, fake_layers, fake_network
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.training import trainer as trainer_module
from sdqviz.training.checkpoints import Checkpoints
from sdqviz.training.distillation import Part
from sdqviz.training.moved_state import OnHost
from sdqviz.training.trainer import Trainer

HOST = torch.device("cpu")


def layers(count=3, width=32) -> nn.Sequential:
    torch.manual_seed(0)
    plain = nn.Sequential(*(nn.Linear(width, width) for _ in range(count)))
    plan = make_plan(plain, {}, PlanConfig())
    faked = (FakeLayer(plain[int(n)], plan[n], None, CurrentCall()) for n in plan)
    return nn.Sequential(*faked)


def trainer_of(student, **values) -> Trainer:
    usual = {"trainable": "all", "rank": 2, "weight_rate": 0.1, "scale_rate": 0.01}
    usual |= {"average": 0.5, "clip": 1.0, "steps": 10}
    return Trainer(student, **{**usual, **values})


def train(trainer, student, steps, start=0, micro_batches=2):
    generator = torch.Generator().manual_seed(start)
    for step in range(start, start + steps):
        for _ in range(micro_batches):
            x = torch.randn(4, 32, generator=generator)
            trainer.backward(student(x).square().mean() / micro_batches)
        trainer.update(step)


def values_of(student):
    return {name: p.detach().clone() for name, p in student.named_parameters()}


def test_the_average_changes_places_with_the_parameters():
    student = layers()
    trainer = trainer_of(student)
    train(trainer, student, 3)
    places = {name: p.data_ptr() for name, p in student.named_parameters()}
    averages = {name: a.data_ptr() for name, a in trainer.state.average.items()}
    before = values_of(student)
    with trainer.averaged():
        for name, parameter in student.named_parameters():
            assert parameter.data_ptr() == averages[name]
            assert not torch.equal(parameter, before[name]) or name.endswith("theta")
    assert {name: p.data_ptr() for name, p in student.named_parameters()} == places


def test_state_on_the_host_trains_the_same_student(monkeypatch):
    """With its memory apart, every step, average, freeze and pause gives the same bits."""
    ends = []
    for on_host in (False, True):
        student = layers()
        if on_host:
            monkeypatch.setattr(trainer_module, "state_on", lambda _, named: OnHost(HOST, named))
        trainer = trainer_of(student, state=HOST)
        train(trainer, student, 3)
        trainer.freeze([student[0]])
        train(trainer, student, 2, start=3)
        if on_host:
            assert all(p.grad is None for p in student.parameters())
            assert not {p.data_ptr() for p in student.parameters()} & {
                m.data_ptr() for m in trainer.state.masters.values()
            }
        with trainer.averaged():
            average = values_of(student)
        own = values_of(student)
        trainer.stop()
        ends.append((average, own, values_of(student)))
    for beside, apart in zip(*ends, strict=True):
        assert all(torch.equal(beside[name], apart[name]) for name in beside)
    average, own, stopped = ends[0]
    assert all(torch.equal(average[name], stopped[name]) for name in stopped)
    assert not torch.equal(average["1.weight"], own["1.weight"])


def test_a_step_is_a_few_fused_groups():
    """A group a parameter made v1-4's step 1,192 kernels, XL's 3,494."""
    student = nn.Sequential(*(layers(1, 32 * (1 + i % 5)) for i in range(40)))
    for index, layer in enumerate(fake_layers(student).values()):
        layer.scale.mul_(1.1**index)  # every layer another rate, over a factor of 40
    groups = trainer_of(student).optimizer.param_groups
    assert sum(len(group["params"]) for group in groups) == 120
    assert len(groups) <= 2 * 4 * math.log2(45) + 8
    assert all(group["fused"] for group in groups)


def test_rates_are_kept_within_a_tenth():
    for rate in (1e-7, 3.3e-5, 0.004, 0.9):
        assert trainer_module._rounded_rate(rate) == pytest.approx(rate, rel=0.095)
    assert trainer_module._rounded_rate(0.0) == 0.0


class Saved(dict):
    """Tensors as a checkpoint hands them out: each a copy, when it is asked for."""

    def __init__(self, tensors):
        super().__init__({name: tensor.clone() for name, tensor in tensors.items()})
        self.handed = []

    def __getitem__(self, name):
        tensor = super().__getitem__(name).clone()
        self.handed.append(tensor)  # alive, so that no other tensor takes its place
        return tensor


def test_a_resumed_training_copies_what_it_reads(tmp_path):
    student = layers()
    trainer = trainer_of(student)
    train(trainer, student, 4)
    trainer.freeze([student[2]])
    checkpoints = Checkpoints(tmp_path, "key")
    checkpoints.save({}, {f"trainer.{n}": t for n, t in trainer.tensors().items()})
    written = Part(checkpoints.load()[1], "trainer.")  # type: ignore[index]
    assert set(written) == set(trainer.tensors()) and "now.2.nothing" not in written
    with pytest.raises(KeyError):
        written["now.2.nothing"]
    saved = Saved(written)
    assert "ema.2.weight" not in saved  # of what is frozen only its value is written
    other = layers()
    resumed = trainer_of(other)
    resumed.restore(trainer.numbers(), saved)
    resumed.freeze([other[2]])
    held = {t.data_ptr() for t in resumed.tensors().values()}
    assert not held & {tensor.data_ptr() for tensor in saved.handed}
    train(trainer, student, 3, start=4)
    train(resumed, other, 3, start=4)
    for name, value in values_of(student).items():
        assert torch.equal(value, other.get_parameter(name))


def test_in_half_precision_an_overflow_costs_a_step_and_not_the_training():
    student = layers()
    trainer = trainer_of(student, half=True)
    before, scale = values_of(student), trainer.scaler.get_scale()
    trainer.backward(student(torch.full((4, 32), 1e38)).sum())
    trainer.update(0)
    assert trainer.scaler.get_scale() == scale / 2
    assert all(torch.equal(p, before[name]) for name, p in student.named_parameters())
    train(trainer, student, 2, start=1)
    assert not torch.equal(student[0].weight, before["0.weight"])
    resumed = trainer_of(layers(), half=True)
    resumed.restore(trainer.numbers(), trainer.tensors())
    assert resumed.scaler.get_scale() == trainer.scaler.get_scale()

    plain = layers()
    with pytest.raises(SdqvizError, match=r"the gradient is (inf|nan) at step 0"):
        whole = trainer_of(plain)
        whole.backward(plain(torch.full((4, 32), 1e38)).sum())
        whole.update(0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_weights_that_never_move_are_the_teachers_own(dtype):
    torch.manual_seed(0)
    teacher = nn.Sequential(nn.Linear(40, 24), nn.Conv2d(3, 8, 3)).to(dtype)
    student = twin(teacher)
    fake_network(student, make_plan(teacher, {}, PlanConfig()), {}, shared=True)
    own = {p.data_ptr() for p in teacher.parameters()}
    trainer = trainer_of(student, trainable="lora")
    assert {layer.weight.data_ptr() for layer in fake_layers(student).values()} <= own
    assert not any(name.endswith(".weight") for name in student.state_dict())
    moved = sum(p.numel() for p in trainer.parameters())
    assert sum(t.numel() for t in trainer.tensors().values()) == 2 * moved
    apart = nn.Sequential(nn.Linear(40, 24), nn.Conv2d(3, 8, 3)).to(dtype)
    apart.load_state_dict(teacher.state_dict())
    fake_network(apart, make_plan(apart, {}, PlanConfig()), {})
    for one, other in zip(student, apart, strict=True):
        assert torch.equal(one.current_weight(), other.current_weight())
    copied = twin(student)
    assert {layer.weight.data_ptr() for layer in fake_layers(copied).values()} <= own
