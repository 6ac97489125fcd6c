"""Writing many tensors as one safetensors file, one after the other.

`safetensors.torch.save_file` first copies all of them into bytes, holding the interpreter: for
gigabytes that doubles the memory, and a process that should tell that it lives is silent for
minutes. Here one tensor at a time is brought to the CPU and written from where it lies.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch

_TYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
_ALIGNED = 8  # the header ends at a multiple of it


def write_tensors(
    file: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """The file that `safetensors.torch.save_file` writes of the same, byte for byte.

    The largest element types come first, then by name, as the library orders them.
    """
    names = sorted(tensors, key=lambda name: (-_rank(tensors[name].dtype), name))
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    start = 0
    for name in names:
        tensor = tensors[name]
        end = start + tensor.numel() * tensor.element_size()
        kind, shape = _TYPES[tensor.dtype], list(tensor.shape)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [start, end]}
        start = end
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNED)
    with file.open("wb") as opened:
        opened.write(len(text).to_bytes(8, "little"))
        opened.write(text)
        for name in names:
            whole = tensors[name].detach().cpu().contiguous()
            if whole.numel():
                opened.write(memoryview(whole.view(-1).view(torch.uint8).numpy()))


def _rank(dtype: torch.dtype) -> int:
    """The place of a type in the library's order, the last the first in the file."""
    return _ORDER.index(_TYPES[dtype])


_ORDER = ("BOOL", "U8", "I8", "I16", "F16", "BF16", "I32", "F32", "F64", "I64")
