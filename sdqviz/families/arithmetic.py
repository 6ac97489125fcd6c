"""What float32 means; the same numbers computed another way, the noise floor's second opinion."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from sdqviz.families.conditioning import number_format


def whole_float32() -> None:
    """From now on float32 products of this process are float32 on a GPU too.

    By PyTorch's default its convolutions there are TF32, with 10 of a float32's 23 bits, and
    references, targets and noise floors would not be what they are called.
    """
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False


def second_format(own: torch.dtype) -> torch.dtype:
    """What a network of format `own` is computed in for the noise floor: bfloat16, or float32 where
    its own is bfloat16. So the floor always is the difference that bfloat16 makes.
    """
    return torch.float32 if own == torch.bfloat16 else torch.bfloat16


@contextmanager
def other_arithmetic(network: nn.Module) -> Iterator[None]:
    """Inside, the network computes in its `second_format`.

    Its weights are the same numbers in the same memory again afterwards.
    """
    own = number_format(network)
    other = second_format(own)
    if own == torch.float32:
        device = next(network.parameters()).device
        with torch.autocast(device.type, other):
            yield
        return
    owners = [module for module in network.modules() if _tensors(module)]
    # A network computes in the format of its first parameter: that module stays in the other.
    parameter = next(network.parameters())
    first = next(m for m in owners if any(p is parameter for p in m._parameters.values()))
    owners.remove(first)
    kept = _cast(first, other)
    handles = [handle for module in owners for handle in _cast_while_called(module, other)]
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


def _cast(module: nn.Module, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Makes a module's own tensors `dtype` and returns what they were."""
    kept = {name: tensor.data for name, tensor in _tensors(module).items()}
    for name, tensor in _tensors(module).items():
        tensor.data = kept[name].to(dtype)
    return kept


def _restore(module: nn.Module, kept: dict[str, torch.Tensor]) -> None:
    for name, tensor in _tensors(module).items():
        tensor.data = kept[name]


def _cast_while_called(module: nn.Module, dtype: torch.dtype) -> list[RemovableHandle]:
    """Module by module: a whole network in another format would be in memory three times."""
    kept: list[dict[str, torch.Tensor]] = []
    return [
        module.register_forward_pre_hook(lambda m, _: kept.append(_cast(m, dtype))),
        module.register_forward_hook(lambda m, *_: _restore(m, kept.pop()), always_call=True),
    ]
