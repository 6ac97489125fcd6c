"""What a network's output is put right by: a factor and a shift for each timestep and channel.

It acts in a hook behind the network, so that a plain diffusers pipeline needs to know nothing of
it. One map for every guidance branch: the guided output u + g (c - u) has weights of sum 1, so it
is put right by the very same map whatever g is, which the network cannot know.
"""

import inspect
from typing import Any

import torch
from torch import nn

SECTION = "correction"  # of the file, and the module's name in the network


class OutputCorrection(nn.Module):
    """output -> factor * (output - shift). Buffers timesteps float32 [S], upwards; factor and shift
    float32 [S, C]. A timestep that is not there takes the nearest one's, ties to the larger, as
    activation ranges do.
    """

    timesteps: torch.Tensor
    factor: torch.Tensor
    shift: torch.Tensor

    def __init__(self, timesteps: torch.Tensor, factor: torch.Tensor, shift: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("timesteps", timesteps.to(torch.float32))
        self.register_buffer("factor", factor.to(torch.float32))
        self.register_buffer("shift", shift.to(torch.float32))

    @staticmethod
    def empty(timesteps: int, channels: int) -> "OutputCorrection":
        """Room to be filled by `load_state_dict`."""
        rows = torch.ones(timesteps, channels)
        return OutputCorrection(torch.arange(float(timesteps)), rows, torch.zeros_like(rows))

    def _apply(self, fn, recurse: bool = True):
        """Moves devices, never dtypes."""

        def move(tensor: torch.Tensor) -> torch.Tensor:
            moved = fn(tensor)
            return moved if moved.dtype == tensor.dtype else tensor.to(moved.device)

        return super()._apply(move, recurse)

    def forward(self, output: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """output [B, C, h, w] at timesteps [B], [1] or []: the same shape and dtype."""
        given = timesteps.flatten().to(output.device, torch.float64).unsqueeze(1)
        distance = (self.timesteps.to(torch.float64) - given).abs().flip(1)
        place = len(self.timesteps) - 1 - distance.argmin(dim=1)
        factor, shift = (rows[place][:, :, None, None] for rows in (self.factor, self.shift))
        return (factor * (output.to(torch.float32) - shift)).to(output.dtype)


class Corrects:
    """The hook behind a network. An object that asks the network for its correction: a copy of the
    network is put right by its own.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = names  # of the arguments of the network's forward

    def __call__(self, network: nn.Module, args: tuple, kwargs: dict, output: Any) -> Any:
        given = {**dict(zip(self.names, args, strict=False)), **kwargs}
        correction = network.get_submodule(SECTION)
        first = output[0]
        corrected = correction(first, torch.as_tensor(given["timestep"]))
        if isinstance(output, tuple):
            return (corrected, *output[1:])
        return type(output)(sample=corrected)


def correction_of(network: nn.Module) -> OutputCorrection | None:
    found = getattr(network, SECTION, None)
    return found if isinstance(found, OutputCorrection) else None


def install_correction(network: nn.Module, correction: OutputCorrection) -> None:
    """From now on the network's output is put right (in place)."""
    remove_correction(network)
    setattr(network, SECTION, correction)
    names = list(inspect.signature(type(network).forward).parameters)[1:]
    network.register_forward_hook(Corrects(names), with_kwargs=True)


def remove_correction(network: nn.Module) -> None:
    """The network's output is its own again (in place)."""
    if correction_of(network) is None:
        return
    delattr(network, SECTION)
    for number, hook in list(network._forward_hooks.items()):
        if isinstance(hook, Corrects):
            del network._forward_hooks[number]
            network._forward_hooks_with_kwargs.pop(number, None)


def correction_problem(correction: OutputCorrection) -> str | None:
    """What no fit writes, or None."""
    if not all(buffer.isfinite().all() for buffer in correction.buffers()):
        return "a value is not finite"
    if not (correction.timesteps[1:] > correction.timesteps[:-1]).all():
        return "its timesteps are not in order"
    return None
