"""What torch.compile sees of a module: operators, whose inside it leaves alone.

A packed layer looks up scales by the timestep's value and calls an engine: Python that a compiler
cannot trace. As operators, such modules break no graph, and what lies between them is compiled:
also the rounding of the activations, which then costs no pass of its own.
"""

import itertools
import weakref
from typing import Any, Protocol

import torch


class Opaque(Protocol):
    """A module whose forward is one operator."""

    def compute_at(self, x: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor: ...

    def like_output(self, x: torch.Tensor) -> torch.Tensor:
        """An empty tensor of the output's shape, dtype and memory layout."""
        ...


class Split(Opaque, Protocol):
    """One whose input is rounded outside it."""

    def ranges_at(self, timesteps: list[float]) -> list[tuple[float, float, float]]:
        """(inverse scale, zero point, scale) of each timestep."""
        ...

    def multiply(
        self, codes: torch.Tensor, ranges: list[tuple[float, float, float]], dtype: torch.dtype
    ) -> torch.Tensor: ...


# An operator takes tensors and numbers, no modules: so each module has a number here.
_MODULES: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
_NUMBERS = itertools.count()


def enlist(module: Opaque) -> int:
    """The module's number, for as long as it lives."""
    number = next(_NUMBERS)
    _MODULES[number] = module
    return number


@torch.compiler.assume_constant_result
def takes_codes(number: int) -> bool:
    """Whether the module's engine can start from codes that were rounded outside it."""
    return hasattr(_MODULES[number].choice()[0], "multiply")


@torch.compiler.assume_constant_result
def takes_rows(number: int) -> bool:
    """Whether the module's engine reads its ranges on the device, so that a call can be recorded
    in a CUDA graph.
    """
    return hasattr(_MODULES[number].choice()[0], "run_rows")


@torch.library.custom_op("sdqviz::opaque", mutates_args=())
def call_opaque(x: torch.Tensor, timesteps: torch.Tensor, number: int) -> torch.Tensor:
    """The output of module `number` for x at timesteps [B] or [1]."""
    module = _MODULES[number]
    return _as_promised(module.compute_at(x, timesteps), module.like_output(x), x)


@call_opaque.register_fake
def _(x: torch.Tensor, timesteps: torch.Tensor, number: int) -> torch.Tensor:
    return _MODULES[number].like_output(x)


@torch.library.custom_op("sdqviz::rows", mutates_args=())
def call_rows(x: torch.Tensor, rows: torch.Tensor, number: int) -> torch.Tensor:
    """The output of module `number` for x under ranges float32 [B, 3] or [1, 3] on x's device."""
    module = _MODULES[number]
    return _as_promised(module.compute_rows(x, rows), module.like_output(x), x)


@call_rows.register_fake
def _(x: torch.Tensor, rows: torch.Tensor, number: int) -> torch.Tensor:
    return _MODULES[number].like_output(x)


@torch.library.custom_op("sdqviz::ranges", mutates_args=())
def call_ranges(timesteps: torch.Tensor, number: int) -> torch.Tensor:
    """(inverse scale, zero point, scale) of module `number` at timesteps [B]: float32 [B, 3]."""
    return torch.tensor(_MODULES[number].ranges_at(timesteps.to(torch.float64).tolist()))


@call_ranges.register_fake
def _(timesteps: torch.Tensor, number: int) -> torch.Tensor:
    return torch.empty(len(timesteps), 3)


@torch.library.custom_op("sdqviz::multiply", mutates_args=())
def call_multiply(
    codes: torch.Tensor, ranges: torch.Tensor, number: int, dtype: torch.dtype
) -> torch.Tensor:
    """The output of module `number` for its input's codes, in dtype."""
    module = _MODULES[number]
    y = module.multiply(codes, [tuple(row) for row in ranges.tolist()], dtype)
    return _as_promised(y, module.like_output(codes).to(dtype), codes)


@call_multiply.register_fake
def _(codes: torch.Tensor, ranges: torch.Tensor, number: int, dtype: torch.dtype) -> torch.Tensor:
    return _MODULES[number].like_output(codes).to(dtype)


def _as_promised(y: torch.Tensor, layout: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """y in the memory layout that the compiler was told, and never x itself."""
    if y.stride() == layout.stride() and y.data_ptr() != x.data_ptr():
        return y
    return layout.copy_(y)
