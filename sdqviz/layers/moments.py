"""What hangs on the timestep and the text alone, computed for all steps of a scene at once.

In XL and v3 the modulation layers' outputs are remembered by moment (`layers.current_call`). Left
to themselves they expand their weights anew at every step; told of a scene's timesteps before its
first call, they do so once.
"""

from collections.abc import Callable, Iterable

import torch
from torch import nn

from sdqviz.layers.convert import packed_layers
from sdqviz.layers.packed import PackedLayer


class _ReachedError(Exception):
    """The network has come as far as its modulations."""


def remembered_layers(network: nn.Module) -> list[PackedLayer]:
    """The packed layers that compute once for each moment."""
    return [layer for layer in packed_layers(network).values() if layer.remembered]


@torch.no_grad()
def fill_moments(
    layers: list[PackedLayer],
    call: Callable[[torch.Tensor], object],
    timesteps: Iterable[torch.Tensor],
) -> None:
    """Has the remembered `layers` of a network remember the moments of these scalar timesteps.

    call(timestep) calls the network with the scene's conditioning and any picture: each call ends
    where the first of the layers is reached, for all of them are given the same vector.
    """
    vectors: dict[bytes, torch.Tensor] = {}

    def stop(layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(layer, PackedLayer)
        if layer.current_call.moment is not None:
            vectors[layer.current_call.moment] = inputs[0]
        raise _ReachedError

    handles = [layer.register_forward_pre_hook(stop) for layer in layers]
    try:
        for timestep in timesteps:
            try:
                call(timestep)
            except _ReachedError:
                continue
    finally:
        for handle in handles:
            handle.remove()
    for layer in layers:
        layer.remember(vectors)
