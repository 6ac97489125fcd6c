"""What torch.compile sees of a module: one operator, whose inside it leaves alone.

A packed layer looks up scales by the timestep's value and calls an engine: Python that a compiler
cannot trace. As operators, such modules break no graph, and what lies between them is compiled.
"""

import itertools
import weakref
from typing import Any, Protocol

import torch


class Opaque(Protocol):
    """A module whose forward is one operator."""

    def compute(self, x: torch.Tensor, timesteps: list[float]) -> torch.Tensor: ...

    def like_output(self, x: torch.Tensor) -> torch.Tensor:
        """An empty tensor of the output's shape, dtype and memory layout."""
        ...


# An operator takes tensors and numbers, no modules: so each module has a number here.
_MODULES: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
_NUMBERS = itertools.count()


def enlist(module: Opaque) -> int:
    """The module's number, for as long as it lives."""
    number = next(_NUMBERS)
    _MODULES[number] = module
    return number


@torch.library.custom_op("sdqviz::opaque", mutates_args=())
def call_opaque(x: torch.Tensor, timesteps: torch.Tensor, number: int) -> torch.Tensor:
    """The output of module `number` for x at timesteps [B] or [1]."""
    module = _MODULES[number]
    y = module.compute(x, timesteps.to(torch.float64).tolist())
    layout = module.like_output(x)
    if y.stride() == layout.stride():
        return y.clone() if y.data_ptr() == x.data_ptr() else y
    return layout.copy_(y)


@call_opaque.register_fake
def _(x: torch.Tensor, timesteps: torch.Tensor, number: int) -> torch.Tensor:
    return _MODULES[number].like_output(x)
