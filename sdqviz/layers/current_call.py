"""Which network call is under way, known to every layer of one network.

A forward pre-hook on the network reads the `timestep` of each call, so a plain diffusers
pipeline needs to know nothing.
"""

import hashlib
import inspect
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError

# Arguments that, with the timestep, fix everything that does not depend on the picture.
_POOLED = ("pooled_projections", "added_cond_kwargs", "timestep_cond")


@dataclass(frozen=True)
class Call:
    """The timestep values of a call's samples, one or [B]; whether all are the same; a key of the
    timesteps and of all else that does not depend on the picture, None where there is nothing else.
    `places`: of the timesteps in tables, as layers put them on the device.
    """

    timesteps: list[float]
    uniform: bool
    moment: bytes | None
    places: dict[tuple[int, ...], torch.Tensor] = field(default_factory=dict)


class CurrentCall:
    """The call that a network is in, as its layers see it: of the thread that asks, or, in one
    that made none (autograd's own recompute blocks there), of the last call of all.

    A copy of a network has a copy of this, which knows no call yet and follows the copy.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._own = threading.local()
        self._last: Call | None = None
        self.tensor: torch.Tensor | None = None  # the timesteps, while a call is compiled

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._forget()

    def __deepcopy__(self, memo: dict[int, Any]) -> "CurrentCall":
        memo[id(self)] = copied = CurrentCall()
        return copied

    @property
    def call(self) -> Call | None:
        return getattr(self._own, "call", self._last)

    @property
    def timesteps(self) -> list[float] | None:
        """The timestep values of the samples of the current call, one or [B]."""
        return self.call.timesteps if self.call else None

    @timesteps.setter
    def timesteps(self, values: list[float]) -> None:
        self.enter(values, None)

    @property
    def uniform(self) -> bool:
        return self.call is not None and self.call.uniform

    @property
    def moment(self) -> bytes | None:
        return self.call.moment if self.call else None

    def enter(self, timesteps: list[float], moment: bytes | None) -> None:
        """This thread's call is now one with these timesteps."""
        self._own.call = self._last = Call(timesteps, len(set(timesteps)) == 1, moment)

    def read(self) -> list[float]:
        """The current values; raises when the network was entered by a side door."""
        if self.call is None:
            raise SdqvizError(
                "a quantized layer was called outside its network's forward",
                "call the whole network, with its timestep",
            )
        return self.call.timesteps

    def attach(self, network: nn.Module) -> Any:
        """Follow the arguments of the network's forward."""
        names = list(inspect.signature(type(network).forward).parameters)[1:]
        return network.register_forward_pre_hook(Follow(self, names), with_kwargs=True)


class Follow:
    """The hook that tells a current call of its network's calls. An object, not a closure: a copy
    of the network copies it, together with the current call that the copied layers read.
    """

    def __init__(self, current_call: CurrentCall, names: list[str]) -> None:
        self.current_call, self.names = current_call, names

    def __call__(self, module: nn.Module, args: tuple, kwargs: dict) -> None:
        given = {**dict(zip(self.names, args, strict=False)), **kwargs}
        if torch.compiler.is_compiling():  # no values yet: the layers hand the tensor on
            self.current_call.tensor = torch.as_tensor(given["timestep"]).flatten()
            return
        now = [float(value) for value in torch.as_tensor(given["timestep"]).flatten().tolist()]
        pooled = [tensor for name in _POOLED for tensor in _tensors(given.get(name))]
        self.current_call.enter(now, _digest(now, pooled) if pooled else None)


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
