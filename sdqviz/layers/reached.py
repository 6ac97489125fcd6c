"""What a block inside a network is given and returns, all arguments of it.

A call of the network ends where the block is reached, so nothing behind it is computed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

_TENSOR = object()  # stands where a tensor goes


class _ReachedError(Exception):
    """The network has come as far as the block."""


@dataclass(frozen=True)
class Arguments:
    """A block's arguments: tensors, each with the batch first, and the structure around them."""

    tensors: tuple[torch.Tensor, ...]
    rest: tuple[Any, ...]  # all leaves of the structure, `_TENSOR` in the places of those
    spec: TreeSpec

    @staticmethod
    def of(args: tuple, kwargs: dict[str, Any]) -> "Arguments":
        leaves, spec = tree_flatten((args, kwargs))
        tensors = tuple(leaf for leaf in leaves if isinstance(leaf, torch.Tensor))
        rest = tuple(_TENSOR if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves)
        return Arguments(tensors, rest, spec)

    def call(self, block: nn.Module, tensors: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """The block's output for other tensors in the same places."""
        own = iter(tensors)
        leaves = [next(own) if leaf is _TENSOR else leaf for leaf in self.rest]
        args, kwargs = tree_unflatten(leaves, self.spec)
        return outputs_of(block(*args, **kwargs))


def outputs_of(output: Any) -> tuple[torch.Tensor, ...]:
    """The tensors that a block returns: one, several, or a diffusers output's."""
    if isinstance(output, torch.Tensor):
        return (output,)
    values = output if isinstance(output, tuple | list) else tuple(output.to_tuple())
    return tuple(value for value in values if isinstance(value, torch.Tensor))


@torch.no_grad()
def reach(
    network: nn.Module, block: str, call: Callable[[], object], output: bool
) -> tuple[Arguments, tuple[torch.Tensor, ...]]:
    """The block's arguments while `call` calls the network, and with `output` what it returns."""
    module = network.get_submodule(block)
    found: list[Any] = [None, ()]

    def before(_module: nn.Module, args: tuple, kwargs: dict[str, Any]) -> None:
        found[0] = Arguments.of(args, kwargs)
        if not output:
            raise _ReachedError

    def after(_module: nn.Module, _args: tuple, result: Any) -> None:
        found[1] = outputs_of(result)
        raise _ReachedError

    handles = [module.register_forward_pre_hook(before, with_kwargs=True)]
    handles += [module.register_forward_hook(after)] if output else []
    try:
        call()
    except _ReachedError:
        pass
    finally:
        for handle in handles:
            handle.remove()
    assert found[0] is not None, f"the network never calls {block}"
    return found[0], found[1]


@torch.no_grad()
def in_order(network: nn.Module, names: Sequence[str], call: Callable[[], object]) -> list[str]:
    """Those of the modules that `call` reaches, in the order of the computation."""
    seen: dict[str, None] = {}
    with _told(network, names, seen):
        call()
    return list(seen)


@contextmanager
def _told(network: nn.Module, names: Sequence[str], seen: dict[str, None]) -> Iterator[None]:
    handles = [
        network.get_submodule(name).register_forward_pre_hook(
            lambda _module, _inputs, name=name: seen.setdefault(name)
        )
        for name in names
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
