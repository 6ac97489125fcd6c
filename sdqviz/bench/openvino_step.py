"""A network converted to OpenVINO, maybe quantized by NNCF: what three contenders share."""

from typing import Any

import torch
from torch import nn

from sdqviz.bench.contract import Built, Step
from sdqviz.bench.networks import Size, fp_network


class _Flat(nn.Module):
    """The network with positional tensors only, which the converter can trace."""

    def __init__(self, network: nn.Module, inputs: dict[str, Any]) -> None:
        super().__init__()
        self.network, self.names = network, list(_flatten(inputs))

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        given: dict[str, Any] = {}
        for name, tensor in zip(self.names, tensors, strict=True):
            owner, _, leaf = name.rpartition(".")
            (given.setdefault(owner, {}) if owner else given)[leaf] = tensor
        return self.network(**given, return_dict=False)[0]


def openvino(name: str, label: str, order: int, precision: str, int8: bool = False) -> Built:
    """A contender that computes in OpenVINO at this inference precision."""

    def build(size: Size) -> Step:
        import openvino as ov

        inputs = size.inputs()
        example = tuple(_flatten(inputs).values())
        model = ov.convert_model(_Flat(fp_network(size), inputs), example_input=example)
        arrays = [tensor.numpy() for tensor in example]
        if int8:
            import nncf

            model = nncf.quantize(model, nncf.Dataset([arrays]), subset_size=1)
        compiled = ov.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision})
        return lambda: compiled(arrays)

    packages = ("openvino", "nncf") if int8 else ("openvino",)
    return Built(name, label, order, build, packages)


def _flatten(inputs: dict[str, Any]) -> dict[str, torch.Tensor]:
    flat: dict[str, torch.Tensor] = {}
    for name, value in inputs.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": tensor for inner, tensor in value.items()}
        else:
            flat[name] = value
    return flat
