"""A packed network on disk: its quantization_config and its tensors (see FORMAT.md)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.kernels.contract import ConvShape
from sdqviz.layers.convert import packed_layers, replace_module
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.positions import NAME as POSITIONS
from sdqviz.layers.positions import implied_dtype, position_table
from sdqviz.layers.ranges import ActivationRanges
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


def shape_packed(network: nn.Module, config: Mapping[str, Any]) -> CurrentCall:
    """Gives an FP network of the same architecture (on any device, meta too) the packed layers and
    the time table of `config`, still empty. Returns the current call they read, not yet attached.
    """
    version = config.get("format_version")
    if config.get("quant_method") != METHOD or version != FORMAT_VERSION:
        raise SdqvizError(
            f"quantization format {config.get('quant_method')!r} version {version}",
            f"this sdqviz reads {METHOD!r} version {FORMAT_VERSION}; update it",
        )
    current_call = CurrentCall()
    for name, described in config["layers"].items():
        try:
            network.get_submodule(name)
        except AttributeError as error:
            raise SdqvizError(f"the network has no layer {name}", _FOREIGN) from error
        replace_module(network, name, _empty_layer(described, current_call))
    if "time_rows" in config:
        rows, width = config["time_rows"]
        install_time_table(
            network, TimeRows(torch.zeros(rows, width), torch.zeros(rows, dtype=torch.int64))
        )
    return current_call


def belongs_to_packed(config: Mapping[str, Any], name: str) -> bool:
    """Whether a tensor is a packed layer's or the time table's, whose dtypes never change."""
    parts = name.split(".")
    return parts[0] == "time_proj" or any(
        ".".join(parts[:depth]) in config["layers"] for depth in range(1, len(parts))
    )


def implied_positions(network: nn.Module, config: Mapping[str, Any]) -> torch.Tensor | None:
    """The position table float32 that the config leaves out because the network implies it."""
    if "position_table" not in config:
        return None
    table = position_table(network)
    if table is None:
        raise SdqvizError("the config implies a position table, the network has none", _FOREIGN)
    return table.to(getattr(torch, str(config["position_table"]))).to(torch.float32)


def restore_packed(
    network: nn.Module,
    config: Mapping[str, Any],
    tensors: Mapping[str, torch.Tensor],
    dtype: torch.dtype = torch.float32,
) -> CurrentCall:
    """Turns an FP network of the same architecture (on any device, meta too) into the packed one.

    FP tensors are cast to `dtype`; the packed layers' own stay as stored.
    """
    current_call = shape_packed(network, config)
    positions = implied_positions(network, config)
    tensors = {**tensors, **({} if positions is None else {POSITIONS: positions})}
    expected = network.state_dict()
    wrong = sorted(set(expected) ^ set(tensors))
    wrong += [n for n in set(expected) & set(tensors) if expected[n].shape != tensors[n].shape]
    if wrong:
        raise SdqvizError(
            f"the packed file does not fit its config: {wrong[0]} and {len(wrong) - 1} more",
            _FOREIGN,
        )
    cast = {
        name: tensor if belongs_to_packed(config, name) else tensor.to(dtype)
        for name, tensor in tensors.items()
    }
    network.load_state_dict(cast, assign=True)
    check_packed(network)
    current_call.attach(network)
    return current_call


def check_packed(network: nn.Module) -> None:
    """Raises SdqvizError where a packed layer holds numbers that no quantization writes."""
    for name, layer in packed_layers(network).items():
        problem = _problem(layer)
        if problem:
            raise SdqvizError(f"layer {name}: {problem}", _FOREIGN)


def _problem(layer: PackedLayer) -> str | None:
    if not _positive(layer.scale):
        return "a weight scale is not a positive number"
    if (layer.group_multipliers() < 1).any():
        return "a group multiplier is 0, it must be 1 to 15"
    ranges = layer.activations
    if ranges is None:
        return None
    if not (_positive(ranges.scale) and _positive(ranges.inverse_scale)):
        return "an activation scale is not a positive number"
    if not torch.equal(ranges.inverse_scale, 1.0 / ranges.get_buffer("scale")):
        return "an inverse scale is not its scale's"
    if ranges.factor is not None and not _positive(ranges.factor):
        return "a channel factor is not a positive number"
    highest = 2**ranges.spec.bits - 1
    zero_points = ranges.get_buffer("zero_point")
    if ((zero_points < 0) | (zero_points > highest)).any():
        return f"a zero point lies outside 0 to {highest}"
    if not ranges.static and not (ranges.timesteps.isfinite().all() and _rising(ranges.timesteps)):
        return "its timesteps are not in order"
    return None


def _positive(values: torch.Tensor) -> bool:
    return bool((values.isfinite() & (values > 0)).all())


def _rising(values: torch.Tensor) -> bool:
    return bool((values[1:] > values[:-1]).all())


def _empty_layer(described: Mapping[str, Any], current_call: CurrentCall) -> PackedLayer:
    activation, conv = described.get("activation"), described.get("conv")
    out, taps, inputs = described["shape"]
    ranges = None
    if activation is not None:
        ranges = ActivationRanges.empty(
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
        activations=ranges,
        current_call=current_call,
        remembered=described.get("remembered", False),
    )
