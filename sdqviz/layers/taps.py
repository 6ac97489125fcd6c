"""Seeing what flows through named modules while a network runs."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


@contextmanager
def tap_inputs(
    network: nn.Module, names: Iterable[str], see: Callable[[str, torch.Tensor], None]
) -> Iterator[None]:
    """Calls see(name, input) for each named module's first input while the context lasts."""
    handles = []
    try:
        for name in names:
            module = network.get_submodule(name)
            handles.append(
                module.register_forward_pre_hook(
                    lambda _module, inputs, name=name: see(name, inputs[0])
                )
            )
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def tap_outputs(network: nn.Module, names: Iterable[str]) -> Iterator[dict[str, torch.Tensor]]:
    """A dict that holds each named module's last output, with its gradient, after each call."""
    seen: dict[str, torch.Tensor] = {}
    handles = []

    def hook(name: str) -> Callable[..., None]:
        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            seen[name] = _tensor(output)

        return keep

    try:
        for name in names:
            handles.append(network.get_submodule(name).register_forward_hook(hook(name)))
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _tensor(output: Any) -> torch.Tensor:
    """The hidden states of a block that returns a tensor, a tuple or a diffusers output."""
    if isinstance(output, torch.Tensor):
        return output
    return output[-1] if isinstance(output, tuple) else output.sample
