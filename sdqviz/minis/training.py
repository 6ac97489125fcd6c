"""One training phase: a time-budgeted loop that checkpoints, resumes and prints its loss."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

CHECKPOINT_SECONDS = 180.0
PRINT_SECONDS = 20.0


@dataclass(kw_only=True)
class Phase:
    """A named share of the training time, with its loss.

    `loss(progress)` returns one scalar tensor; progress runs from 0 to 1 over the phase's
    seconds, so that a curriculum and the learning rate follow time, not steps.
    """

    name: str
    seconds: float
    parameters: Iterable[nn.Parameter]
    loss: Callable[[float], torch.Tensor]
    state: nn.Module
    learning_rate: float = 1e-3
    after_step: Callable[[int], None] = field(default=lambda step: None)
    on_save: Callable[[], None] = field(default=lambda: None)


def run_phase(phase: Phase, folder: Path) -> None:
    """Trains until the phase's seconds are used up; a second call goes on where the last stopped.

    The state is in `folder/NAME.pt`; a finished phase returns at once.
    """
    file = folder / f"{phase.name}.pt"
    parameters = list(phase.parameters)
    optimiser = torch.optim.AdamW(parameters, lr=phase.learning_rate, weight_decay=0.01)
    used, step = 0.0, 0
    if file.exists():
        saved = torch.load(file, weights_only=True)
        phase.state.load_state_dict(saved["state"])
        optimiser.load_state_dict(saved["optimiser"])
        torch.set_rng_state(saved["random"])
        used, step = saved["seconds"], saved["step"]
        print(f"{phase.name}: resumed at step {step}, {used:.0f} of {phase.seconds:.0f} s")

    def save() -> None:
        state = {
            "state": phase.state.state_dict(),
            "optimiser": optimiser.state_dict(),
            "random": torch.get_rng_state(),
            "seconds": used,
            "step": step,
        }
        partial = file.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, file)
        random_state = torch.get_rng_state()  # looking must not change what is learned
        phase.on_save()
        torch.set_rng_state(random_state)

    started, last_save, last_print, recent = time.monotonic() - used, used, used, []
    while used < phase.seconds:
        progress = used / phase.seconds
        for group in optimiser.param_groups:
            warm = min(1.0, (step + 1) / 100)
            group["lr"] = phase.learning_rate * warm * max(0.02, 1.0 - progress)
        loss = phase.loss(progress)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        phase.after_step(step)
        recent.append(loss.detach())
        used = time.monotonic() - started
        if used - last_print >= PRINT_SECONDS:
            mean = torch.stack(recent).mean().item()
            print(
                f"{phase.name} {used:5.0f}/{phase.seconds:.0f} s step {step} loss {mean:.4f}",
                flush=True,
            )
            last_print, recent = used, []
        if used - last_save >= CHECKPOINT_SECONDS:
            save()
            last_save = used
    if last_save < used or not file.exists():
        save()
