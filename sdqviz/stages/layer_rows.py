"""A run's layers as its result lists them: the plan, and what packing made of each."""

from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from sdqviz.layers.activations import ActivationPairs
from sdqviz.layers.convert import packed_layers
from sdqviz.layers.packed import PackedLayer
from sdqviz.quant.numerics import taps_last_to_oti
from sdqviz.stages.contract import Context


def layer_rows(context: Context) -> list[dict[str, Any]]:
    """The plan as table rows, with each layer's activation pairs, and those before training."""
    rows = []
    assert context.student is not None
    packed = packed_layers(context.student)
    for name, layer in context.plan.items():
        initial = context.activations.get(name)
        pairs = packed[name].activations if name in packed else None
        row = {
            "name": name,
            "kind": layer.kind,
            "role": layer.role,
            "parameters": layer.parameters,
            "weight": asdict(layer.weight) if layer.weight else None,
            "activation_bits": layer.activation.bits if layer.activation else None,
            "pairs": [] if pairs is None else pair_rows(pairs)[0],
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
            row["initial_pairs"] = pair_rows(initial)[0]
        rows.append(row)
    return rows


def pair_rows(activations: ActivationPairs) -> list[Any]:
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
    weight = layer.unpacked()
    low = -(2 ** (weight.spec.bits - 1))
    codes = torch.bincount((weight.codes.flatten().int() - low), minlength=-2 * low)
    groups = torch.bincount(weight.multipliers.flatten().int(), minlength=1)[1:]
    return {
        "codes": codes.tolist(),
        "multipliers": groups.tolist() if weight.spec.largest_multiplier > 1 else [],
        "scale": [weight.scale.min().item(), weight.scale.max().item()],
    }


def weight_error(layer: PackedLayer, weight: torch.Tensor) -> float:
    """|packed - FP|^2 / |FP|^2 of the weights, equalisation undone. Training may make it larger
    and the layer's output better all the same.
    """
    packed = layer.scale.view(-1, 1, 1) * layer.operands().w8().to(torch.float32)
    given = taps_last_to_oti(weight.to(torch.float32))
    if layer.activations is not None and layer.activations.factor is not None:
        packed = packed * layer.activations.factor
    return ((packed - given).square().sum() / given.square().sum().clamp(min=1e-20)).item()
