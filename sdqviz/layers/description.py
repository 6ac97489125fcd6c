"""A packed network's quantization_config, and the empty network it describes (see FORMAT.md)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.kernels.contract import ConvShape
from sdqviz.layers.convert import packed_layers, replace_module
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.damage import DAMAGED, checksum
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.positions import implied_dtype
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.layers.sections import install_sections, refuse_unknown, sections_of
from sdqviz.layers.time_table import TimeRows, install_time_table
from sdqviz.quant.spec import ActivationSpec, WeightSpec

FORMAT_VERSION = 1  # of a file without sections
WITH_SECTIONS = 2
METHOD = "sdqviz"


def quantization_config(network: nn.Module) -> dict[str, Any]:
    """What is needed, beside the tensors, to build the packed network again (JSON values)."""
    layers = {name: _describe(layer) for name, layer in packed_layers(network).items()}
    sections = sections_of(network)
    config: dict[str, Any] = {
        "quant_method": METHOD,
        "format_version": WITH_SECTIONS if sections else FORMAT_VERSION,
        "layers": layers,
    }
    if sections:
        config["sections"] = sections
    if isinstance(getattr(network, "time_proj", None), TimeRows):
        config["time_rows"] = list(network.time_proj.rows.shape)
    config["checksum"] = checksum(network)
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


def shape_packed(network: nn.Module, config: Mapping[str, Any]) -> CurrentCall:
    """Gives an FP network of the same architecture (on any device, meta too) the packed layers and
    the time table of `config`, still empty. Returns the current call they read, not yet attached.
    """
    version = config.get("format_version")
    if config.get("quant_method") != METHOD or version not in (FORMAT_VERSION, WITH_SECTIONS):
        raise SdqvizError(
            f"quantization format {config.get('quant_method')!r} version {version}",
            f"this sdqviz reads {METHOD!r} versions {FORMAT_VERSION} and {WITH_SECTIONS}; "
            "update it",
        )
    sections = config.get("sections", {}) if version == WITH_SECTIONS else {}
    refuse_unknown(sections)
    current_call = CurrentCall()
    for name, described in config["layers"].items():
        try:
            network.get_submodule(name)
        except AttributeError as error:
            raise SdqvizError(f"the network has no layer {name}", DAMAGED) from error
        replace_module(network, name, _empty_layer(described, current_call))
    if "time_rows" in config:
        rows, width = config["time_rows"]
        install_time_table(
            network, TimeRows(torch.zeros(rows, width), torch.zeros(rows, dtype=torch.int64))
        )
    install_sections(network, sections)
    return current_call


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
