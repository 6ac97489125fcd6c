"""A run's layers as its result lists them: the plan, and what packing made of each."""

from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from sdqviz.layers.convert import packed_layers
from sdqviz.layers.packed import PackedLayer
from sdqviz.products.plan import Plan
from sdqviz.products.ranges import Ranges, range_rows
from sdqviz.quant.numerics import taps_last_to_oti
from sdqviz.quant.pack import count_packed

_BLOCK = 1 << 17  # weights


def layer_rows(
    network: nn.Module, student: nn.Module, plan: Plan, ranges: Ranges, learned: bool
) -> list[dict[str, Any]]:
    """The plan as table rows, with each layer's ranges, and those before training if it learned.

    network: the FP network; student: the packed one.
    """
    rows = []
    packed = packed_layers(student)
    for name, layer in plan.layers.items():
        initial = ranges.layers.get(name)
        own = packed[name].activations if name in packed else None
        row = {
            "name": name,
            "kind": layer.kind,
            "role": layer.role,
            "parameters": layer.parameters,
            "weight": asdict(layer.weight) if layer.weight else None,
            "activation_bits": layer.activation.bits if layer.activation else None,
            "pairs": [] if own is None else range_rows(own),
            "reason": layer.reason,
        }
        if initial is not None and initial.factor is not None:
            divisors = 1 / initial.factor
            row["equalised"] = [divisors.min().item(), divisors.max().item()]
        if name in packed:
            row["engine"] = layer_engine(packed[name])
            module = network.get_submodule(name)
            assert isinstance(module, nn.Linear | nn.Conv2d)
            row["weight_error"] = weight_error(packed[name], module.weight)
            row["stored"] = code_counts(packed[name])
        if learned and initial is not None:
            row["initial_pairs"] = range_rows(initial)
        rows.append(row)
    return rows


def layer_engine(layer: PackedLayer) -> str:
    """The name of the engine that serves a layer here; empty where its input stays FP."""
    if layer.activations is None:
        return ""
    return layer.choice()[0].name


def code_counts(layer: PackedLayer) -> dict[str, Any]:
    """How often a layer's weights take each code, the smallest first, and its groups each
    multiplier from 1 on (empty where it has none); the least and the largest scale.
    """
    codes, multipliers = count_packed(layer.operands().tensors, layer.shape, layer.weight_spec)
    return {
        "codes": codes,
        "multipliers": multipliers,
        "scale": [layer.scale.min().item(), layer.scale.max().item()],
    }


def weight_error(layer: PackedLayer, weight: torch.Tensor) -> float:
    """|packed - FP|^2 / |FP|^2 of the weights, equalisation undone. Training may make it larger
    and the layer's output better all the same.
    """
    w8, given = layer.operands().w8(), taps_last_to_oti(weight.detach())
    factor = None if layer.activations is None else layer.activations.factor
    rows = max(1, _BLOCK // w8[0].numel())  # a few rows at a time, so that they stay in the cache
    lost = power = 0.0
    for start in range(0, len(w8), rows):
        part = slice(start, start + rows)
        fp = given[part].to(torch.float32)
        packed = layer.scale[part].view(-1, 1, 1) * w8[part]
        packed = packed if factor is None else packed * factor
        lost += (packed - fp).square().sum().item()
        power += fp.square().sum().item()
    return lost / max(power, 1e-20)


def engine_report(student: nn.Module) -> dict[str, Any]:
    """Which engine serves how many layers, its arithmetic, and why not a better one.

    weight_only counts the layers whose input stays FP by plan; they need no engine.
    """
    counted: dict[str, int] = {}
    arithmetic, refusals, weight_only = "simulated", {}, 0
    for layer in packed_layers(student).values():
        if layer.activations is None:
            weight_only += 1
            continue
        engine, refusals = layer.choice()
        arithmetic = engine.arithmetic
        counted[engine.name] = counted.get(engine.name, 0) + 1
    return {
        "layers": counted or {"weight-only": weight_only},
        "weight_only": weight_only,
        "arithmetic": arithmetic,
        "refusals": refusals,
    }
