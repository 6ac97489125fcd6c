"""What a reconstruction leaves of a student: the codes that are held, the ranges that learned."""

from collections.abc import Mapping

import torch
from torch import nn

from sdqviz.layers.fake import fake_layers
from sdqviz.rounding.held import Held


@torch.no_grad()
def hold_nearest(student: nn.Module) -> None:
    """Every layer holds its nearest codes (in place): a byte a weight."""
    for layer in fake_layers(student).values():
        layer.rounding = Held.nearest(layer.current_weight(), layer.grid())


def learned_tensors(student: nn.Module) -> dict[str, torch.Tensor]:
    """Layer.codes int8, and theta and delta of its ranges. The codes of a block that still learns
    are those that it leans to.
    """
    found = {}
    for name, layer in fake_layers(student).items():
        found[f"{name}.codes"] = layer.rounding.codes(layer.current_weight(), layer.grid())
        if layer.pairs is not None:
            found[f"{name}.theta"] = layer.pairs.theta.detach()
            found[f"{name}.delta"] = layer.pairs.delta.detach()
    return found


@torch.no_grad()
def take_learned(student: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Gives the student what `learned_tensors` told (in place)."""
    for name, layer in fake_layers(student).items():
        layer.rounding = Held(tensors[f"{name}.codes"].to(layer.scale.device))
        if layer.pairs is not None:
            layer.pairs.theta.copy_(tensors[f"{name}.theta"])
            layer.pairs.delta.copy_(tensors[f"{name}.delta"])
