import os
import signal

import pytest
import torch

from sdqviz.minis.loop import Loop, Schedule, frozen_copy, run


def test_the_rate_rises_stays_and_falls():
    schedule = Schedule(rate=1.0, steps=1000, cool_from=600, cool_steps=400)
    assert schedule.at(0) == pytest.approx(0.005)
    assert schedule.at(300) == schedule.at(600) == 1.0
    assert schedule.at(800) == pytest.approx(0.5)
    assert schedule.at(1000) == 0.0
    assert Schedule(rate=1.0, steps=10).at(5000) == 1.0


def _loop(file, steps: int, fails_at: int | None = None) -> Loop:
    torch.manual_seed(0)
    live = torch.nn.Linear(3, 2)

    def loss(step: int) -> torch.Tensor:
        if step == fails_at:
            raise KeyboardInterrupt
        return (live(torch.randn(4, 3)) - 1.0).square().mean()

    return Loop(
        live=live,
        average=frozen_copy(live),
        trainable=live.parameters(),
        loss=loss,
        schedule=Schedule(rate=0.1, steps=steps),
        file=file,
    )


def test_a_stopped_loop_goes_on_to_the_same_bits(tmp_path):
    whole, halves = _loop(tmp_path / "whole.pt", 30), _loop(tmp_path / "halves.pt", 12)
    run(whole)
    run(halves)
    again = _loop(tmp_path / "halves.pt", 30)
    run(again)
    for one, other in zip(whole.live.parameters(), again.live.parameters(), strict=True):
        assert torch.equal(one, other)
    for one, other in zip(whole.average.parameters(), again.average.parameters(), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(whole.average.weight, whole.live.weight)


def test_a_finished_loop_does_nothing_more(tmp_path):
    run(_loop(tmp_path / "state.pt", 5))
    run(_loop(tmp_path / "state.pt", 5, fails_at=5))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_loop_with_its_state_saved(tmp_path, number):
    whole, halves = _loop(tmp_path / "whole.pt", 20), _loop(tmp_path / "halves.pt", 20)
    run(whole)
    inner = halves.loss

    def loss(step: int) -> torch.Tensor:
        if step == 7:
            os.kill(os.getpid(), number)
        return inner(step)

    halves.loss = loss
    before = signal.getsignal(number)
    with pytest.raises(SystemExit, match="130"):
        run(halves)
    assert signal.getsignal(number) is before
    assert torch.load(tmp_path / "halves.pt", weights_only=True)["step"] == 8
    again = _loop(tmp_path / "halves.pt", 20)
    run(again)
    assert torch.equal(whole.live.weight, again.live.weight)
