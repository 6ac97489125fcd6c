"""The quantized layers of a network of a published size, and how often each shape comes."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from sdqviz.bench.networks import Size
from sdqviz.kernels.contract import ConvShape
from sdqviz.layers.convert import conv_shape
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.quant.spec import WeightSpec


@dataclass(frozen=True)
class LayerShape:
    """shape (O, T, I), the input's shape, and how the weight is stored."""

    shape: tuple[int, int, int]
    input: tuple[int, ...]
    conv: ConvShape | None
    spec: WeightSpec

    @property
    def products(self) -> int:
        """Multiply-adds of one call."""
        out, taps, inputs = self.shape
        rows = 1
        if self.conv is None:
            for side in self.input[:-1]:
                rows *= side
        else:
            rows = self.input[0] * self.input[2] * self.input[3]
            rows //= self.conv.stride[0] * self.conv.stride[1]
        return rows * out * taps * inputs


def layer_shapes(size: Size) -> Counter[LayerShape]:
    """Shapes of the layers with quantized inputs in one step, both branches in a batch."""
    network = size.meta_network()
    plan = make_plan(network, size.family.roles(network), PlanConfig())
    counted: Counter[LayerShape] = Counter()

    def follow(layer: nn.Module, spec: WeightSpec) -> None:
        def see(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            assert isinstance(module, nn.Linear | nn.Conv2d)
            out, width = module.weight.shape[:2]
            conv = conv_shape(module)
            taps = 1 if conv is None else conv.kernel[0] * conv.kernel[1]
            counted[LayerShape((out, taps, width), tuple(inputs[0].shape), conv, spec)] += 1

        layer.register_forward_pre_hook(see)

    for name, layer in plan.items():
        if layer.weight is not None and layer.activation is not None:
            follow(network.get_submodule(name), layer.weight)
    network(**_on_meta(size.inputs()))
    return counted


def _on_meta(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _on_meta(part) for key, part in value.items()}
    return value.to("meta")
