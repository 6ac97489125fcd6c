"""A run's layers as its result lists them: the plan, and what packing made of each."""

from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from sdqviz.layers.convert import packed_layers
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.products.context import Context
from sdqviz.quant.numerics import taps_last_to_oti
from sdqviz.quant.pack import count_packed

_BLOCK = 1 << 17  # weights


def layer_rows(context: Context) -> list[dict[str, Any]]:
    """The plan as table rows, with each layer's activation ranges, and those before training."""
    rows = []
    assert context.student is not None
    packed = packed_layers(context.student)
    for name, layer in context.plan.items():
        initial = context.activations.get(name)
        ranges = packed[name].activations if name in packed else None
        row = {
            "name": name,
            "kind": layer.kind,
            "role": layer.role,
            "parameters": layer.parameters,
            "weight": asdict(layer.weight) if layer.weight else None,
            "activation_bits": layer.activation.bits if layer.activation else None,
            "pairs": [] if ranges is None else range_rows(ranges)[0],
            "reason": layer.reason,
        }
        if initial is not None and initial.factor is not None:
            divisors = 1 / initial.factor
            row["equalised"] = [divisors.min().item(), divisors.max().item()]
        if name in packed:
            row["engine"] = layer_engine(packed[name])
            module = context.model.network.get_submodule(name)
            assert isinstance(module, nn.Linear | nn.Conv2d)
            row["weight_error"] = weight_error(packed[name], module.weight)
            row["stored"] = code_counts(packed[name])
        if context.learned_key and initial is not None:
            row["initial_pairs"] = range_rows(initial)[0]
        rows.append(row)
    return rows


def range_rows(activations: ActivationRanges) -> list[Any]:
    """[[timestep or "constant", scale, zero point], ...] and whether the first token stays FP."""
    rows = [[str(t), p.scale, p.zero_point] for t, p in activations.table()]
    return [rows, activations.first_token_fp]


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
