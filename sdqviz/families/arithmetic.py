"""The same numbers computed another way: the noise floor's second opinion."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from sdqviz.families.conditioning import number_format


@contextmanager
def other_arithmetic(network: nn.Module) -> Iterator[None]:
    """Inside, a float32 network computes in bfloat16, one in half precision in float32.

    Its weights are the same numbers in the same memory again afterwards.
    """
    if number_format(network) == torch.float32:
        device = next(network.parameters()).device
        with torch.autocast(device.type, torch.bfloat16):
            yield
        return
    owners = [module for module in network.modules() if _tensors(module)]
    # A network computes in the format of its first parameter: that module stays in float32.
    parameter = next(network.parameters())
    first = next(m for m in owners if any(p is parameter for p in m._parameters.values()))
    owners.remove(first)
    kept = _widen(first)
    handles = [handle for module in owners for handle in _widened_while_called(module)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        _restore(first, kept)


def _tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    """A module's own floating-point parameters and buffers, without its children's."""
    own = {**module._parameters, **module._buffers}
    return {n: t for n, t in own.items() if t is not None and t.is_floating_point()}


def _widen(module: nn.Module) -> dict[str, torch.Tensor]:
    """Makes a module's own tensors float32 and returns what they were."""
    kept = {name: tensor.data for name, tensor in _tensors(module).items()}
    for name, tensor in _tensors(module).items():
        tensor.data = kept[name].float()
    return kept


def _restore(module: nn.Module, kept: dict[str, torch.Tensor]) -> None:
    for name, tensor in _tensors(module).items():
        tensor.data = kept[name]


def _widened_while_called(module: nn.Module) -> list[RemovableHandle]:
    """Module by module: a whole network in float32 would be in memory three times."""
    kept: list[dict[str, torch.Tensor]] = []
    return [
        module.register_forward_pre_hook(lambda m, _: kept.append(_widen(m))),
        module.register_forward_hook(lambda m, *_: _restore(m, kept.pop()), always_call=True),
    ]
