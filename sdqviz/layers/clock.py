"""The sampler's current timestep, known to every layer of one network.

A forward pre-hook on the network reads the `timestep` of each call, so a plain diffusers
pipeline needs to know nothing.
"""

from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError


class Clock:
    """`timesteps`: the timestep values of the samples of the current call, one or [B]."""

    def __init__(self) -> None:
        self.timesteps: list[float] | None = None

    def read(self) -> list[float]:
        """The current values; raises when the network was entered by a side door."""
        if self.timesteps is None:
            raise SdqvizError(
                "a quantized layer was called outside its network's forward",
                "call the whole network, with its timestep",
            )
        return self.timesteps

    def attach(self, network: nn.Module) -> Any:
        """Follow the `timestep` argument (second positional) of the network's forward."""

        def follow(module: nn.Module, args: tuple, kwargs: dict) -> None:
            timestep = kwargs["timestep"] if "timestep" in kwargs else args[1]
            values = torch.as_tensor(timestep).flatten().tolist()
            self.timesteps = [float(value) for value in values]

        return network.register_forward_pre_hook(follow, with_kwargs=True)
