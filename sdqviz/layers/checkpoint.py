"""A packed network on disk: its quantization_config and its tensors (see FORMAT.md)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.kernels.contract import ConvShape
from sdqviz.layers.activations import ActivationPairs
from sdqviz.layers.clock import Clock
from sdqviz.layers.convert import packed_layers, replace_module
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.positions import NAME as POSITIONS
from sdqviz.layers.positions import implied_dtype, position_table
from sdqviz.layers.time_table import TimeRows, install_time_table
from sdqviz.quant.spec import ActivationSpec, WeightSpec

FORMAT_VERSION = 1
METHOD = "sdqviz"
_FOREIGN = "the folder is damaged or mixed; quantize again"


def quantization_config(network: nn.Module) -> dict[str, Any]:
    """What is needed, beside the tensors, to build the packed network again (JSON values)."""
    layers = {name: _describe(layer) for name, layer in packed_layers(network).items()}
    config: dict[str, Any] = {
        "quant_method": METHOD,
        "format_version": FORMAT_VERSION,
        "layers": layers,
    }
    if isinstance(getattr(network, "time_proj", None), TimeRows):
        config["time_rows"] = list(network.time_proj.rows.shape)
    implied = implied_dtype(network)
    if implied:
        config["position_table"] = implied
    return config


def _describe(layer: PackedLayer) -> dict[str, Any]:
    described: dict[str, Any] = {
        "shape": list(layer.shape),
        "weight": asdict(layer.weight_spec),
        "bias": layer.bias is not None,
    }
    if layer.conv is not None:
        described["conv"] = {k: list(v) for k, v in asdict(layer.conv).items()}
    if layer.remembered:
        described["remembered"] = True
    if layer.activations is not None:
        described["activation"] = {
            **asdict(layer.activations.spec),
            "pairs": len(layer.activations.timesteps),
            "first_token_fp": layer.activations.first_token_fp,
        }
        if layer.activations.factor is not None:
            described["activation"]["equalised"] = True
    return described


def packed_tensors(network: nn.Module) -> dict[str, torch.Tensor]:
    """The state dict on the CPU; a plain FP tensor is stored in float16 where that is exact."""
    own = {f"{name}." for name in packed_layers(network)}
    tensors: dict[str, torch.Tensor] = {}
    implied = implied_dtype(network)
    for name, tensor in network.state_dict().items():
        if name == POSITIONS and implied:
            continue
        tensor = tensor.detach().cpu().contiguous()
        mine = any(name.startswith(prefix) for prefix in own)
        if tensor.dtype == torch.float32 and not mine:
            half = tensor.to(torch.float16)
            tensor = half if torch.equal(half.to(torch.float32), tensor) else tensor
        tensors[name] = tensor
    return tensors


def restore_packed(
    network: nn.Module,
    config: Mapping[str, Any],
    tensors: Mapping[str, torch.Tensor],
    dtype: torch.dtype = torch.float32,
) -> Clock:
    """Turns an FP network of the same architecture (on any device, meta too) into the packed one.

    FP tensors are cast to `dtype`; the packed layers' own stay as stored.
    """
    version = config.get("format_version")
    if config.get("quant_method") != METHOD or version != FORMAT_VERSION:
        raise SdqvizError(
            f"quantization format {config.get('quant_method')!r} version {version}",
            f"this sdqviz reads {METHOD!r} version {FORMAT_VERSION}; update it",
        )
    clock = Clock()
    for name, described in config["layers"].items():
        replace_module(network, name, _empty_layer(described, clock))
    if "time_rows" in config:
        rows, width = config["time_rows"]
        install_time_table(
            network, TimeRows(torch.zeros(rows, width), torch.zeros(rows, dtype=torch.int64))
        )
    tensors = dict(tensors)
    if "position_table" in config:
        table = position_table(network)
        if table is None:
            raise SdqvizError("the config implies a position table, the network has none", _FOREIGN)
        rounded = getattr(torch, str(config["position_table"]))
        tensors[POSITIONS] = table.to(rounded).to(torch.float32)
    expected = network.state_dict()
    wrong = sorted(set(expected) ^ set(tensors))
    wrong += [n for n in set(expected) & set(tensors) if expected[n].shape != tensors[n].shape]
    if wrong:
        raise SdqvizError(
            f"the packed file does not fit its config: {wrong[0]} and {len(wrong) - 1} more",
            _FOREIGN,
        )
    fixed = {f"{name}." for name in config["layers"]} | {"time_proj."}
    cast = {
        name: tensor if any(name.startswith(prefix) for prefix in fixed) else tensor.to(dtype)
        for name, tensor in tensors.items()
    }
    network.load_state_dict(cast, assign=True)
    clock.attach(network)
    return clock


def _empty_layer(described: Mapping[str, Any], clock: Clock) -> PackedLayer:
    activation, conv = described.get("activation"), described.get("conv")
    out, taps, inputs = described["shape"]
    pairs = None
    if activation is not None:
        pairs = ActivationPairs.empty(
            activation["pairs"],
            ActivationSpec(bits=activation["bits"]),
            activation["first_token_fp"],
            inputs if activation.get("equalised") else 0,
        )
    return PackedLayer(
        shape=(out, taps, inputs),
        weight_spec=WeightSpec(**described["weight"]),
        bias=described["bias"],
        conv=ConvShape(**{k: tuple(v) for k, v in conv.items()}) if conv else None,
        activations=pairs,
        clock=clock,
        remembered=described.get("remembered", False),
    )
