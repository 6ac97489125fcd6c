"""Bytes of a network: as it is, and what its packed self will weigh, before anything is loaded."""

from collections.abc import Mapping

import torch
from torch import nn

from sdqviz.layers.convert import conv_shape
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.plan import TIME, LayerPlan
from sdqviz.layers.positions import NAME as POSITIONS
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.layers.time_table import time_blocks


def predicted_bytes(
    network: nn.Module,
    plan: Mapping[str, LayerPlan],
    *,
    timesteps: int,
    time_rows: int,
    equalised: bool = True,
) -> dict[str, int]:
    """{quantized, time table, kept FP}: bytes of the packed tensors of `network`, which may be on
    the meta device.

    timesteps: activation ranges of a layer; time_rows: rows of the time table. FP tensors count
    two bytes a number, as a half-precision checkpoint's are stored.
    """
    found = {"quantized": 0, "time table": 0, "kept FP": 0}
    gone = tuple(f"{name}." for name, layer in plan.items() if layer.weight or layer.role == TIME)
    for name, tensor in network.state_dict().items():
        if not name.startswith(gone) and name != POSITIONS:
            found["kept FP"] += 2 * tensor.numel()
    for name, layer in plan.items():
        if layer.weight is not None:
            packed = _packed(network.get_submodule(name), layer, timesteps, equalised)
            found["quantized"] += sum(
                t.numel() * t.element_size() for t in packed.state_dict().values()
            )
    if any(layer.role == TIME for layer in plan.values()):
        width = sum(int(b.time_emb_proj.out_features) for b in time_blocks(network).values())  # type: ignore[arg-type]
        found["time table"] = time_rows * (2 * width + 8)
    return found


def _packed(layer: nn.Module, plan: LayerPlan, timesteps: int, equalised: bool) -> PackedLayer:
    assert isinstance(layer, nn.Linear | nn.Conv2d) and plan.weight is not None
    out, inputs = layer.weight.shape[:2]
    taps = layer.weight[0, 0].numel() if isinstance(layer, nn.Conv2d) else 1
    with torch.device("meta"):
        ranges = None
        if plan.activation is not None:
            count = timesteps if plan.per_timestep else 1
            factors = inputs if equalised and plan.per_timestep else 0
            ranges = ActivationRanges.empty(count, plan.activation, False, factors)
        return PackedLayer(
            shape=(out, taps, inputs),
            weight_spec=plan.weight,
            bias=layer.bias is not None,
            conv=conv_shape(layer),
            activations=ranges,
            current_call=CurrentCall(),
        )


def network_bytes(network: nn.Module) -> int:
    """Bytes of the parameters in float32."""
    return sum(parameter.numel() * 4 for parameter in network.parameters())


def tensor_bytes(tensors: Mapping[str, torch.Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def bits_per_weight(packed_bytes: int, parameters: int) -> float:
    """All stored bits, scales and tables included, over the FP network's parameters."""
    return 8 * packed_bytes / parameters
