"""The optimiser's 8-bit form: what it holds, that it trains and goes on with the same bits."""

import importlib.util

import pytest
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.stages.distill import DistillStage
from sdqviz.training import trainer as trainer_module
from sdqviz.training.checkpoints import Checkpoints
from sdqviz.training.distillation import Part
from sdqviz.training.moved_state import OnHost
from sdqviz.training.optimizer import EIGHT, FLOAT32, empty_moments, moments_of
from sdqviz.training.trainer import Trainer
from tests.training.test_trainer import HOST, layers, trainer_of, values_of

WIDTH = 64  # a weight of 4,096 values is the smallest whose moments have 8 bits


def train(trainer: Trainer, student, steps: int, start: int = 0) -> list[float]:
    """Towards a given answer; returns the losses."""
    wanted = torch.randn(8, WIDTH, generator=torch.Generator().manual_seed(1))
    x = torch.randn(8, WIDTH, generator=torch.Generator().manual_seed(2))
    losses = []
    for step in range(start, start + steps):
        loss = (student(x) - wanted).square().mean()
        trainer.backward(loss)
        trainer.update(step)
        losses.append(loss.item())
    return losses


def test_the_moments_take_two_bytes_a_weight():
    student = layers(3, WIDTH)
    trainer = trainer_of(student, bits=EIGHT)
    train(trainer, student, 1)
    for name, parameter in student.named_parameters():
        kept = moments_of(trainer.optimizer, trainer.state.masters[name])
        bytes_of = {n: t.nbytes for n, t in kept.items() if n not in ("step", "qmap1", "qmap2")}
        whole = parameter.numel() < 4096
        expected = empty_moments(parameter, FLOAT32 if whole else EIGHT, parameter.device)
        assert sum(bytes_of.values()) == sum(t.nbytes for t in expected), name
        assert whole or sum(bytes_of.values()) < 2.04 * parameter.numel()


def test_it_trains_about_as_float32_does():
    ends = {}
    for bits in (FLOAT32, EIGHT):
        student = layers(2, WIDTH)
        losses = train(trainer_of(student, bits=bits, steps=60), student, 60)
        ends[bits] = losses[-1] / losses[0]
    assert ends[FLOAT32] < 0.8
    assert ends[EIGHT] == pytest.approx(ends[FLOAT32], rel=0.1)


@pytest.mark.parametrize("on_host", [False, True])
def test_it_goes_on_with_the_same_bits(tmp_path, monkeypatch, on_host):
    if on_host:
        monkeypatch.setattr(trainer_module, "state_on", lambda _, named: OnHost(HOST, named))
    student = layers(3, WIDTH)
    trainer = trainer_of(student, bits=EIGHT, state=HOST)
    train(trainer, student, 4)
    trainer.freeze([student[2]])
    checkpoints = Checkpoints(tmp_path, "key")
    checkpoints.save({}, {f"trainer.{n}": t for n, t in trainer.tensors().items()})
    other = layers(3, WIDTH)
    resumed = trainer_of(other, bits=EIGHT, state=HOST)
    resumed.restore({}, Part(checkpoints.load()[1], "trainer."))  # type: ignore[index]
    resumed.freeze([other[2]])
    assert train(trainer, student, 3, start=4) == train(resumed, other, 3, start=4)
    for name, value in values_of(student).items():
        assert torch.equal(value, other.get_parameter(name)), name
    saved, again = trainer.tensors(), resumed.tensors()
    assert saved.keys() == again.keys()
    assert all(torch.equal(saved[name], again[name]) for name in saved)


def test_without_its_library_it_is_one_line_before_the_run(monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "bitsandbytes" else there(name)
    )
    DistillStage(optimizer_bits=FLOAT32).check()
    with pytest.raises(SdqvizError, match="bitsandbytes is not installed") as refused:
        DistillStage(optimizer_bits=EIGHT).check()
    assert "sdqviz[optimizer8]" in refused.value.hint
