"""Pack the weights, rounded to nearest or as trained, and load the student from its bytes."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from sdqviz.base.events import Event, Progress
from sdqviz.base.heap import return_freed_memory
from sdqviz.base.keys import content_key
from sdqviz.layers.checkpoint import packed_tensors, quantization_config, restore_packed
from sdqviz.layers.clock import Clock
from sdqviz.layers.convert import pack_layer, packed_layers, replace_module, twin
from sdqviz.layers.fake import FakeLayer
from sdqviz.layers.packed import PackedLayer
from sdqviz.layers.time_table import install_time_rows
from sdqviz.metrics.cost import bits_per_weight, network_bytes, tensor_bytes
from sdqviz.quant.numerics import taps_last_to_oti
from sdqviz.stages.contract import Context

_CONFIG_TENSOR = "__quantization_config__"


class PackStage:
    name = "pack"
    version = 2

    def cost(self, context: Context) -> float:
        # Half a microsecond a weight, in calls that take about as long as reading it 20 times.
        return 40.0

    def run(self, context: Context) -> Iterator[Event]:
        pairs = {
            name: [*_pairs(value), value.factors()] for name, value in context.activations.items()
        }
        plan = {name: layer.as_dict() for name, layer in context.plan.items()}
        key = context.key(self, plan, pairs, context.config.time_rows, context.learned_key)
        if context.products.find(key) is None:
            student = twin(context.learned or context.model.network)
            clock = Clock()
            chosen = [layer for layer in context.plan.values() if layer.weight is not None]
            for index, layer in enumerate(chosen):
                yield Progress(stage=self.name, done=index, total=len(chosen))
                module = student.get_submodule(layer.name)
                if isinstance(module, FakeLayer):
                    packed = module.pack(clock)
                else:
                    packed = pack_layer(module, layer, context.activations.get(layer.name), clock)
                replace_module(student, layer.name, packed)
            install_time_rows(student, context.model.network, _timesteps(context))
            context.products.product_file(key, "safetensors", partial(serialise, student))
            del student
        context.student = build_student(context.model.network, context.products.file(key))
        context.student_key = content_key(key)
        context.result.update(
            packed=context.products.find(key),
            size=_size(context),
            layers=_layer_rows(context),
            engine=engine_report(context.student),
        )
        yield Progress(stage=self.name, done=1, total=1)


def _pairs(activations: Any) -> list[Any]:
    rows = [[str(t), p.scale, p.zero_point] for t, p in activations.table()]
    return [rows, activations.first_token_fp]


def _timesteps(context: Context) -> torch.Tensor | None:
    """The timesteps that get a row in the table; None keeps the time layers."""
    if context.config.time_rows == "none":
        return None
    if context.config.time_rows == "all":
        return torch.arange(context.model.scheduler_config["num_train_timesteps"])
    calls = [t.timesteps for t in context.trajectories.values()]
    return torch.cat(calls).to(torch.int64).unique()


def serialise(student: nn.Module, file: Path) -> None:
    """Writes the packed network as one safetensors file with its quantization_config inside."""
    config = json.dumps(quantization_config(student))
    save_file(packed_tensors(student), file, {_CONFIG_TENSOR: config})


def build_student(teacher: nn.Module, file: Path) -> nn.Module:
    """The packed network of this file, in the architecture, device and dtype of `teacher`."""
    with torch.device("meta"):
        student = type(teacher).from_config(teacher.config)  # type: ignore[attr-defined]
    own = next(teacher.parameters())
    restore_packed(student, read_config(file), load_file(file), own.dtype)
    return_freed_memory()
    return student.to(own.device).eval().requires_grad_(False)


def read_config(file: Path) -> dict[str, Any]:
    """The quantization_config inside a packed file."""
    with safe_open(file, framework="pt") as opened:
        return json.loads(opened.metadata()[_CONFIG_TENSOR])


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


def _size(context: Context) -> dict[str, Any]:
    """Stored bytes in all and by part, and the FP network's bytes in float32."""
    assert context.student is not None
    tensors = packed_tensors(context.student)
    stored = tensor_bytes(tensors)
    parts = {"codes": 0, "scales": 0, "activation pairs": 0, "time table": 0, "kept FP": 0}
    for name, tensor in tensors.items():
        parts[_part(name)] += tensor_bytes({name: tensor})
    parameters = sum(p.numel() for p in context.model.network.parameters())
    return {
        "bytes": stored,
        "fp_bytes": network_bytes(context.model.network),
        "bits_per_weight": bits_per_weight(stored, parameters),
        "parts": parts,
    }


def _part(name: str) -> str:
    if name.startswith("time_proj."):
        return "time table"
    if ".activations." in name:
        return "activation pairs"
    if name.endswith(".codes"):
        return "codes"
    return "scales" if name.endswith((".scale", ".multipliers")) else "kept FP"


def _layer_rows(context: Context) -> list[dict[str, Any]]:
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
            "pairs": [] if pairs is None else _pairs(pairs)[0],
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
            row["initial_pairs"] = _pairs(initial)[0]
        rows.append(row)
    return rows
