"""A training loop without an end: constant rate, averaged weights, checkpoints, exact resume.

What a step sees follows from its number alone, so a loop that was stopped goes on as if it had not
been. The rate stays constant after a short rise; when the time runs out, `cool_from` and
`cool_steps` let it fall to zero.
"""

import contextlib
import copy
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from sdqviz.minis.world.scenes import generator

CHECKPOINT_SECONDS = 180.0
PRINT_SECONDS = 30.0
WARM_STEPS = 200


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The learning rate by step; `steps` is where the loop ends."""

    rate: float
    steps: int
    cool_from: int = 0
    cool_steps: int = 0

    def at(self, step: int) -> float:
        warm = min(1.0, (step + 1) / WARM_STEPS)
        if not self.cool_steps:
            return self.rate * warm
        left = (self.cool_from + self.cool_steps - step) / self.cool_steps
        return self.rate * warm * min(1.0, max(0.0, left))


@dataclass(kw_only=True)
class Loop:
    """`loss(step)` returns one scalar tensor. `average` follows `live`; both are in the file."""

    live: nn.Module
    average: nn.Module
    trainable: Iterable[nn.Parameter]
    loss: Callable[[int], torch.Tensor]
    schedule: Schedule
    file: Path
    seed: int = 0
    decay: float = 0.999
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.01
    on_save: Callable[[int], None] = field(default=lambda step: None)


def frozen_copy(module: nn.Module) -> nn.Module:
    """A copy that holds averaged weights."""
    return copy.deepcopy(module).requires_grad_(False).eval()


def run(loop: Loop) -> None:
    """Trains to the schedule's last step, going on from the loop's file if it is there.

    SIGTERM and SIGINT end it after the step in hand, its state saved, with exit status 130.
    """
    parameters = list(loop.trainable)
    optimiser = torch.optim.AdamW(
        parameters,
        lr=loop.schedule.rate,
        betas=loop.betas,
        weight_decay=loop.weight_decay,
        fused=True,
    )
    step = _restore(loop, optimiser)
    with _stop_signals() as stopped:
        step = _train(loop, optimiser, parameters, step, stopped)
        _save(loop, optimiser, step)
    if stopped and step < loop.schedule.steps:
        print(f"stopped at step {step}, saved; the same command goes on", flush=True)
        raise SystemExit(130)
    loop.on_save(step)


def _train(
    loop: Loop,
    optimiser: torch.optim.Optimizer,
    parameters: list[nn.Parameter],
    step: int,
    stopped: list[int],
) -> int:
    """The step it came to."""
    started, last_save, last_print, recent, first = *(time.monotonic(),) * 3, [], step
    while step < loop.schedule.steps and not stopped:
        for group in optimiser.param_groups:
            group["lr"] = loop.schedule.at(step)
        torch.manual_seed(int(generator("step", loop.seed, step).integers(2**62)))
        loss = loop.loss(step)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        _follow(loop, step)
        recent.append(loss.detach())
        now = time.monotonic()
        if now - last_print >= PRINT_SECONDS:
            mean = torch.stack(recent).mean().item()
            pace = (step - first) / (now - started)
            print(f"step {step} loss {mean:.4f} ({pace:.2f} steps/s)", flush=True)
            last_print, recent = now, []
        if now - last_save >= CHECKPOINT_SECONDS:
            _save(loop, optimiser, step)
            loop.on_save(step)
            last_save = time.monotonic()
    return step


@contextlib.contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """A list that holds the signals which asked for an end; usual handling returns afterwards."""
    asked: list[int] = []
    kinds = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(kind, lambda number, frame: asked.append(number)) for kind in kinds]
    try:
        yield asked
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


@torch.no_grad()
def _follow(loop: Loop, step: int) -> None:
    decay = min(loop.decay, (1 + step) / (10 + step))
    kept, new = list(loop.average.parameters()), list(loop.live.parameters())
    torch._foreach_lerp_(kept, new, 1.0 - decay)  # pyright: ignore[reportPrivateImportUsage]


def _restore(loop: Loop, optimiser: torch.optim.Optimizer) -> int:
    if not loop.file.exists():
        return 0
    device = next(loop.live.parameters()).device
    saved = torch.load(loop.file, weights_only=True, map_location=device)
    loop.live.load_state_dict(saved["live"])
    loop.average.load_state_dict(saved["average"])
    optimiser.load_state_dict(saved["optimiser"])
    print(f"{loop.file.name}: goes on from step {saved['step']}", flush=True)
    return saved["step"]


def _save(loop: Loop, optimiser: torch.optim.Optimizer, step: int) -> None:
    loop.file.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "live": loop.live.state_dict(),
        "average": loop.average.state_dict(),
        "optimiser": optimiser.state_dict(),
        "step": step,
    }
    partial = loop.file.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, loop.file)
