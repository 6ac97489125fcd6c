"""The same numbers computed another way: the noise floor's second opinion."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from sdqviz.families.conditioning import number_format


@contextmanager
def other_arithmetic(network: nn.Module) -> Iterator[None]:
    """Inside, a float32 network computes in bfloat16, one in half precision in float32.

    Its weights are the same numbers again afterwards: a half fits into float32 whole.
    """
    own = number_format(network)
    if own == torch.float32:
        device = next(network.parameters()).device
        with torch.autocast(device.type, torch.bfloat16):
            yield
        return
    network.float()
    try:
        yield
    finally:
        network.to(own)
