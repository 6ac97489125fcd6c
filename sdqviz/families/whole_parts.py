"""Whether every tensor of a loaded pipeline came from its files: what a file lacks, transformers
fills with random numbers and a warning.
"""

from pathlib import Path
from typing import Any

from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.families.components import loaded_weights, variant_of
from sdqviz.families.sources import check_safetensors


def refuse_unfilled(pipeline: Any, folder: Path, besides: str = "") -> None:
    """Raises SdqvizError for a part whose files lack tensors that its config asks for. `besides`
    names a part that was loaded in another way.
    """
    variant = variant_of(folder)
    for name, part in pipeline.components.items():
        if name == besides or not isinstance(part, nn.Module):
            continue
        files = [f for f in loaded_weights(folder / name, variant) if f.suffix == ".safetensors"]
        held = {tensor for file in files for tensor in check_safetensors(file)}
        lacking = _lacking(part, held) if files else []
        if lacking:
            raise SdqvizError(
                f"{folder / name} lacks {len(lacking)} tensors that its config.json asks for, "
                f"first {lacking[0]}",
                "its config is of another model, or its weights are incomplete: download it again",
            )


def _lacking(part: nn.Module, held: set[str]) -> list[str]:
    """Names of the part's tensors that no file holds, under this or a longer or shorter path:
    versions of transformers name the same tensor with and without its outer module. A tensor that
    shares its memory with one that is held needs no copy in the file.
    """
    ends = {name[place:] for name in held for place in _starts(name)}
    tensors = part.state_dict(keep_vars=True)
    filled = {name for name in tensors if any(name[place:] in ends for place in _whole(name, held))}
    shared = {tensors[name].data_ptr() for name in filled if not tensors[name].is_meta}
    return [
        name
        for name, tensor in tensors.items()
        if name not in filled and (tensor.is_meta or tensor.data_ptr() not in shared)
    ]


def _starts(name: str) -> list[int]:
    """Where the parts of a dotted name begin."""
    return [0, *(i + 1 for i, letter in enumerate(name) if letter == ".")]


def _whole(name: str, held: set[str]) -> list[int]:
    """Starts of the name that stand for it: its own, and those at which a held name is whole."""
    return [0, *(place for place in _starts(name)[1:] if name[place:] in held)]
