"""A packed network on disk: its tensors, its file, the student built of them (see FORMAT.md)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.memory import return_freed_memory
from sdqviz.base.reading import reading
from sdqviz.layers.convert import packed_layers
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.damage import DAMAGED, check_packed
from sdqviz.layers.description import quantization_config, shape_packed
from sdqviz.layers.positions import NAME as POSITIONS
from sdqviz.layers.positions import implied_dtype, position_table
from sdqviz.layers.refusals import refuse_changes
from sdqviz.layers.sections import SECTIONS
from sdqviz.layers.tensor_file import write_tensors


def packed_tensors(network: nn.Module) -> dict[str, torch.Tensor]:
    """The state dict on the CPU; a plain FP tensor is stored in float16 where that is exact."""
    own = {f"{name}." for name in (*packed_layers(network), *SECTIONS)}
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


def belongs_to_packed(config: Mapping[str, Any], name: str) -> bool:
    """Whether a tensor is a packed layer's, the time table's or a section's, whose dtypes never
    change.
    """
    parts = name.split(".")
    return parts[0] in ("time_proj", *SECTIONS) or any(
        ".".join(parts[:depth]) in config["layers"] for depth in range(1, len(parts))
    )


def implied_positions(network: nn.Module, config: Mapping[str, Any]) -> torch.Tensor | None:
    """The position table float32 that the config leaves out because the network implies it."""
    if "position_table" not in config:
        return None
    table = position_table(network)
    if table is None:
        raise SdqvizError("the config implies a position table, the network has none", DAMAGED)
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
            DAMAGED,
        )
    cast = {
        name: tensor if belongs_to_packed(config, name) else tensor.to(dtype)
        for name, tensor in tensors.items()
    }
    network.load_state_dict(cast, assign=True)
    check_packed(network, config)
    current_call.attach(network)
    refuse_changes(network)
    return current_call


_CONFIG_TENSOR = "__quantization_config__"
_AGAIN = "quantize again, or copy the file again"


def serialise(student: nn.Module, file: Path) -> None:
    """Writes the packed network as one safetensors file with its quantization_config inside."""
    config = json.dumps(quantization_config(student))
    write_tensors(file, packed_tensors(student), {_CONFIG_TENSOR: config})


def build_student(teacher: nn.Module, file: Path) -> nn.Module:
    """The packed network of this file, in the architecture, device and dtype of `teacher`."""
    with torch.device("meta"):
        student = type(teacher).from_config(teacher.config)  # type: ignore[attr-defined]
    own = next(teacher.parameters())
    with reading(file, _AGAIN):
        restore_packed(student, read_config(file), load_file(file), own.dtype)
    return_freed_memory()
    return student.to(own.device).eval().requires_grad_(False)


def read_config(file: Path) -> dict[str, Any]:
    """The quantization_config inside a packed file."""
    with reading(file, _AGAIN), safe_open(file, framework="pt") as opened:
        found = json.loads(opened.metadata()[_CONFIG_TENSOR])
        if not isinstance(found, dict):
            raise ValueError("its quantization_config is no object")
        return found
