"""Replacing the planned layers of a network by packed ones."""

import copy
from collections.abc import Mapping

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.kernels.contract import ConvShape
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.plan import MODULATION, LayerPlan
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.layers.served_weight import RESIDENT
from sdqviz.quant.numerics import quantize_weight, taps_last_to_oti


def pack_layer(
    layer: nn.Module,
    plan: LayerPlan,
    activations: ActivationRanges | None,
    current_call: CurrentCall,
) -> PackedLayer:
    """The packed layer of an nn.Linear or nn.Conv2d, its weight rounded to nearest."""
    assert isinstance(layer, nn.Linear | nn.Conv2d) and plan.weight is not None
    weight = taps_last_to_oti(layer.weight.detach())
    weight = weight if activations is None else activations.equalised(weight.to(torch.float32))
    packed = PackedLayer(
        shape=(weight.shape[0], weight.shape[1], weight.shape[2]),
        weight_spec=plan.weight,
        bias=layer.bias is not None,
        conv=conv_shape(layer),
        activations=activations,
        current_call=current_call,
        remembered=plan.role == MODULATION,
    )
    try:
        packed.fill(quantize_weight(weight, plan.weight), layer.bias)
    except SdqvizError as error:
        raise SdqvizError(f"layer {plan.name}: {error.message}", error.hint) from error
    return packed.to(layer.weight.device)


def conv_shape(layer: nn.Module) -> ConvShape | None:
    if not isinstance(layer, nn.Conv2d):
        return None
    kernel, stride, padding = (
        (int(pair[0]), int(pair[1])) for pair in (layer.kernel_size, layer.stride, layer.padding)
    )
    return ConvShape(kernel=kernel, stride=stride, padding=padding)


def twin(network: nn.Module) -> nn.Module:
    """The same modules over the same tensors: replacing its layers leaves `network` as it is, and
    no weight is in memory twice.
    """
    tensors = [*network.parameters(), *network.buffers()]
    for module in network.modules():
        tensors += [value for value in vars(module).values() if isinstance(value, torch.Tensor)]
    return copy.deepcopy(network, {id(tensor): tensor for tensor in tensors})


def replace_module(network: nn.Module, name: str, module: nn.Module) -> None:
    """Sets the submodule `name` (dotted) to `module`."""
    owner, _, leaf = name.rpartition(".")
    setattr(network.get_submodule(owner), leaf, module)


@torch.no_grad()
def pack_network(
    network: nn.Module,
    plan: Mapping[str, LayerPlan],
    activations: Mapping[str, ActivationRanges],
) -> CurrentCall:
    """Packs every planned layer of `network` in place; returns the current call they read."""
    current_call = CurrentCall()
    for name, layer_plan in plan.items():
        if layer_plan.weight is None:
            continue
        layer = network.get_submodule(name)
        packed = pack_layer(layer, layer_plan, activations.get(name), current_call)
        replace_module(network, name, packed)
    current_call.attach(network)
    return current_call


def set_resident(network: nn.Module, resident: str) -> None:
    """What the packed layers of `network` keep in memory (see `PackedLayer`)."""
    if resident not in RESIDENT:
        raise SdqvizError(f"resident is {resident!r}", f"there is {', '.join(RESIDENT)}")
    for layer in packed_layers(network).values():
        layer.keep(resident)


def packed_layers(network: nn.Module) -> dict[str, PackedLayer]:
    return {n: m for n, m in network.named_modules() if isinstance(m, PackedLayer)}
