"""Variants of a quantized network: only a part of it quantized, or another engine computing it."""

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import ACTIVATIONS, WEIGHTS
from sdqviz.layers.convert import packed_layers, replace_module, twin
from sdqviz.layers.correction import remove_correction
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.ranges import TEXT_ROWS, ActivationRanges
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
    return same


def _only_layer(network: nn.Module, student: nn.Module, name: str) -> nn.Module:
    layers = packed_layers(student)
    if name not in layers:
        raise SdqvizError(f"layer {name!r} is not quantized", "choose one of the Layers tab")
    mixed = twin(network)
    replace_module(mixed, name, layers[name])
    layers[name].current_call.attach(mixed)
    return mixed


def _only_weights(student: nn.Module) -> nn.Module:
    mixed = twin(student)
    remove_correction(mixed)  # it was fitted to the whole
    layers = packed_layers(mixed)
    for name, layer in layers.items():
        factor = None if layer.activations is None else layer.activations.factor
        layer.activations = None
        if factor is not None:  # the codes are of the weight divided by it
            replace_module(mixed, name, nn.Sequential(_Multiplied(factor), layer))
    return mixed


def _only_activations(network: nn.Module, student: nn.Module) -> nn.Module:
    mixed, current_call = twin(network), CurrentCall()
    for name, packed in packed_layers(student).items():
        if packed.activations is not None:
            layer = mixed.get_submodule(name)
            replace_module(mixed, name, _RoundedInput(layer, packed.activations, current_call))
    current_call.attach(mixed)
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

    def __init__(
        self, layer: nn.Module, ranges: ActivationRanges, current_call: CurrentCall
    ) -> None:
        super().__init__()
        self.layer, self.ranges, self.current_call = layer, ranges, current_call

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ranges, wide = self.ranges, x.to(torch.float32)
        multiplied = multiply_channels(wide, ranges.factor)
        if ranges.static or self.current_call.uniform:
            timesteps, rows = [0.0 if ranges.static else self.current_call.read()[0]], [multiplied]
        else:
            timesteps, rows = self.current_call.read(), list(multiplied.split(1))
        found = [ranges.at(timestep) for timestep in timesteps]
        rounded = torch.cat(
            [
                fake_quantize_activation(row, p.scale, p.inverse_scale, p.zero_point, ranges.spec)
                for row, p in zip(rows, found, strict=True)
            ]
        )
        if ranges.factor is not None:
            rounded = multiply_channels(rounded, 1 / ranges.factor)
        if ranges.first_token_fp:
            rounded[..., ::TEXT_ROWS, :] = wide[..., ::TEXT_ROWS, :]
        return self.layer(rounded.to(x.dtype))
