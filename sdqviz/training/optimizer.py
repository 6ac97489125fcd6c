"""AdamW over what trains, its two moments in float32 or in 8 bits (arXiv 2110.02861).

The 8-bit form is bitsandbytes' (the extra `optimizer8`): blocks of 256 values share a float32
scale, codes stand for the values of its dynamic map. It takes 2 bytes a value instead of 8, on a
GPU and on a CPU. Its small tensors, as scales and biases are, keep float32 moments.
"""

import importlib.util
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.quiet import quiet_libraries

FLOAT32, EIGHT = 32, 8
BITS = (FLOAT32, EIGHT)
_LEAST = 4096  # values, below which bitsandbytes keeps float32
_BLOCK = 256


def check_optimizer(bits: int) -> None:
    """Raises SdqvizError where the moments are to have 8 bits and bitsandbytes is missing."""
    if bits == EIGHT and importlib.util.find_spec("bitsandbytes") is None:
        raise SdqvizError(
            "optimizer_bits is 8, and bitsandbytes is not installed",
            "pip install 'sdqviz[optimizer8]', or choose optimizer_bits 32",
        )


def adamw(groups: Iterable[dict[str, Any]], bits: int, fused: bool) -> torch.optim.Optimizer:
    """Without weight decay; the groups bring their rates."""
    if bits == FLOAT32:
        return torch.optim.AdamW(groups, lr=0.0, weight_decay=0.0, fused=fused)
    check_optimizer(bits)
    quiet_libraries()
    from bitsandbytes.optim import AdamW8bit

    return AdamW8bit(groups, lr=0.0, weight_decay=0.0, min_8bit_size=_LEAST)


def empty_moments(parameter: torch.Tensor, bits: int, device: Any) -> list[torch.Tensor]:
    """What the optimiser will keep of a parameter there: codes and scales, or numbers."""
    if bits == FLOAT32 or parameter.numel() < _LEAST:
        return [torch.zeros_like(parameter, device=device) for _ in range(2)]
    codes = [torch.zeros_like(parameter, dtype=torch.uint8, device=device) for _ in range(2)]
    blocks = -(-parameter.numel() // _BLOCK)
    return codes + [torch.zeros(blocks, device=device) for _ in range(2)]


def moments_of(optimizer: torch.optim.Optimizer, master: nn.Parameter) -> dict[str, torch.Tensor]:
    """All that the optimiser keeps of a parameter, its count of steps as a tensor."""
    kept = optimizer.state.get(master, {})
    return {name: torch.as_tensor(value) for name, value in kept.items()}


def restore_moments(
    optimizer: torch.optim.Optimizer, master: nn.Parameter, saved: Mapping[str, torch.Tensor]
) -> None:
    """Sets what `moments_of` gave, copied to where the parameter is."""
    kept: dict[str, Any] = {n: t.to(master.device, copy=True) for n, t in saved.items()}
    if not isinstance(optimizer, torch.optim.AdamW):
        kept["step"] = int(kept["step"])
    optimizer.state[master] = kept


MOMENTS = (  # every name that one of the two forms keeps
    *("step", "exp_avg", "exp_avg_sq"),
    *("state1", "state2", "absmax1", "absmax2", "qmap1", "qmap2"),
)
