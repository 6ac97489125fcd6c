"""Bytes and bits of a network."""

from collections.abc import Mapping

import torch
from torch import nn


def network_bytes(network: nn.Module) -> int:
    """Bytes of the parameters in float32."""
    return sum(parameter.numel() * 4 for parameter in network.parameters())


def tensor_bytes(tensors: Mapping[str, torch.Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def bits_per_weight(packed_bytes: int, parameters: int) -> float:
    """All stored bits, scales and tables included, over the FP network's parameters."""
    return 8 * packed_bytes / parameters
