"""Which network call is under way, known to every layer of one network.

A forward pre-hook on the network reads the `timestep` of each call, so a plain diffusers
pipeline needs to know nothing.
"""

import hashlib
import inspect
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError

# Arguments that, with the timestep, fix everything that does not depend on the picture.
_POOLED = ("pooled_projections", "added_cond_kwargs")


class CurrentCall:
    """`moment`: a key of the timesteps and of the pooled text (with XL's sizes) of the current
    call; None for a network that takes no pooled text. `uniform`: whether all its timesteps are
    the same.
    """

    def __init__(self) -> None:
        self._timesteps: list[float] | None = None
        self.uniform = False
        self.moment: bytes | None = None
        self.tensor: torch.Tensor | None = None  # the timesteps, while a call is compiled
        self.places: dict[tuple[int, ...], torch.Tensor] = {}  # of the call's timesteps in a table

    @property
    def timesteps(self) -> list[float] | None:
        """The timestep values of the samples of the current call, one or [B]."""
        return self._timesteps

    @timesteps.setter
    def timesteps(self, values: list[float]) -> None:
        self._timesteps, self.uniform = values, len(set(values)) == 1
        self.places = {}

    def read(self) -> list[float]:
        """The current values; raises when the network was entered by a side door."""
        if self._timesteps is None:
            raise SdqvizError(
                "a quantized layer was called outside its network's forward",
                "call the whole network, with its timestep",
            )
        return self._timesteps

    def attach(self, network: nn.Module) -> Any:
        """Follow the arguments of the network's forward."""
        names = list(inspect.signature(type(network).forward).parameters)[1:]

        def follow(module: nn.Module, args: tuple, kwargs: dict) -> None:
            given = {**dict(zip(names, args, strict=False)), **kwargs}
            if torch.compiler.is_compiling():  # no values yet: the layers hand the tensor on
                self.tensor = torch.as_tensor(given["timestep"]).flatten()
                return
            values = torch.as_tensor(given["timestep"]).flatten().tolist()
            now = [float(value) for value in values]
            self.timesteps = now
            pooled = [tensor for name in _POOLED for tensor in _tensors(given.get(name))]
            self.moment = _digest(now, pooled) if pooled else None

        return network.register_forward_pre_hook(follow, with_kwargs=True)


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for name in sorted(value):
            yield from _tensors(value[name])


def _digest(timesteps: list[float], pooled: list[torch.Tensor]) -> bytes:
    digest = hashlib.blake2b(repr(timesteps).encode(), digest_size=16)
    for tensor in pooled:
        digest.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.digest()
