"""Variants of a quantized network: only a part of it quantized, or another engine computing it."""

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import ACTIVATIONS, WEIGHTS
from sdqviz.layers.activations import ActivationPairs
from sdqviz.layers.clock import Clock
from sdqviz.layers.convert import packed_layers, replace_module, twin
from sdqviz.layers.packed import PackedLayer
from sdqviz.quant.numerics import fake_quantize_activation, multiply_channels


def partly_quantized(network: nn.Module, student: nn.Module, part: str) -> nn.Module:
    """`network`, FP, with only a part as `student`, its packed self, has it; both stay as they are.

    part: "weights" (as W4A16), "activations" (as W16A8), or a layer's name. Raises SdqvizError
    when the student has no packed layer of this name.
    """
    if part == WEIGHTS:
        return _only_weights(student)
    if part == ACTIVATIONS:
        return _only_activations(network, student)
    return _only_layer(network, student, part)


def served_by(student: nn.Module, engine: str) -> nn.Module:
    """`student` computed by the engine of this name; `student` stays as it is. Raises SdqvizError
    where the engine does not serve.
    """
    same = twin(student)
    layers = packed_layers(same)
    served = [layer for layer in layers.values() if layer.activations is not None]
    if not served:
        raise SdqvizError(
            f"no layer has a quantized input: nothing for the engine {engine} to compute",
            "draw it without naming an engine",
        )
    for layer in served:
        layer.use_engine(engine)
    _attach(layers, same)
    return same


def _attach(layers: dict[str, PackedLayer], network: nn.Module) -> None:
    """A twin's layers have a clock of their own: it follows the twin."""
    for clock in {id(layer.clock): layer.clock for layer in layers.values()}.values():
        clock.attach(network)


def _only_layer(network: nn.Module, student: nn.Module, name: str) -> nn.Module:
    layers = packed_layers(student)
    if name not in layers:
        raise SdqvizError(f"layer {name!r} is not quantized", "choose one of the Layers tab")
    mixed = twin(network)
    replace_module(mixed, name, layers[name])
    layers[name].clock.attach(mixed)
    return mixed


def _only_weights(student: nn.Module) -> nn.Module:
    mixed = twin(student)
    layers = packed_layers(mixed)
    for name, layer in layers.items():
        factor = None if layer.activations is None else layer.activations.factor
        layer.activations = None
        if factor is not None:  # the codes are of the weight divided by it
            replace_module(mixed, name, nn.Sequential(_Multiplied(factor), layer))
    _attach(layers, mixed)
    return mixed


def _only_activations(network: nn.Module, student: nn.Module) -> nn.Module:
    mixed, clock = twin(network), Clock()
    for name, packed in packed_layers(student).items():
        if packed.activations is not None:
            layer = mixed.get_submodule(name)
            replace_module(mixed, name, _RoundedInput(layer, packed.activations, clock))
    clock.attach(mixed)
    return mixed


class _Multiplied(nn.Module):
    """x times a factor float32 [I] for each input channel, in x's dtype."""

    def __init__(self, factor: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("factor", factor)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return multiply_channels(x, self.get_buffer("factor")).to(x.dtype)


class _RoundedInput(nn.Module):
    """An FP layer whose input is rounded to the packed layer's codes and back."""

    def __init__(self, layer: nn.Module, pairs: ActivationPairs, clock: Clock) -> None:
        super().__init__()
        self.layer, self.pairs, self.clock = layer, pairs, clock

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pairs, wide = self.pairs, x.to(torch.float32)
        multiplied = multiply_channels(wide, pairs.factor)
        if pairs.static or self.clock.uniform:
            timesteps, rows = [0.0 if pairs.static else self.clock.read()[0]], [multiplied]
        else:
            timesteps, rows = self.clock.read(), list(multiplied.split(1))
        found = [pairs.at(timestep) for timestep in timesteps]
        rounded = torch.cat(
            [
                fake_quantize_activation(row, p.scale, p.inverse_scale, p.zero_point, pairs.spec)
                for row, p in zip(rows, found, strict=True)
            ]
        )
        if pairs.factor is not None:
            rounded = multiply_channels(rounded, 1 / pairs.factor)
        if pairs.first_token_fp:
            rounded[..., 0, :] = wide[..., 0, :]
        return self.layer(rounded.to(x.dtype))
