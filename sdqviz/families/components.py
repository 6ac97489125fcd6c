"""Which of a folder's files are its pipeline: what diffusers opens, and nothing that lies beside.

A folder of the hub holds more: whole checkpoints in the root, the same weights in float16 or before
averaging, and in other frameworks' formats. No torch.
"""

import json
from pathlib import Path
from typing import Any

_INDEX = "model_index.json"
# diffusers' networks are saved under the first name, transformers' encoders under the second.
_STEMS = ("diffusion_pytorch_model", "model")
# Weights of every kind and framework: of these only `weight_files` belong.
_WEIGHTS = (
    *(".safetensors", ".bin", ".ckpt", ".pt", ".pth", ".h5", ".msgpack", ".pb", ".tflite"),
    *(".onnx", ".onnx_data", ".xml", ".gguf", ".flashpack"),
)


def parts(index: dict[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    """Part -> (library, class) of a model_index.json; both None for one that is left out."""
    return {k: (v[0], v[1]) for k, v in index.items() if isinstance(v, list) and len(v) == 2}


def weight_files(part: Path, variant: str | None = None) -> list[Path]:
    """The safetensors files that diffusers loads of a part's folder, and their index if they are
    shards; empty where there are none. Shards that are missing are named all the same.
    """
    middle = f".{variant}" if variant else ""
    for stem in _STEMS:
        whole = part / f"{stem}{middle}.safetensors"
        index = part / f"{stem}.safetensors.index{middle}.json"
        if index.is_file() and not (stem == _STEMS[1] and whole.is_file()):
            return [index, *(part / name for name in _shards(index))]
        if whole.is_file():
            return [whole]
    return []


def _shards(index: Path) -> list[str]:
    try:
        return sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError):
        return []  # damaged: whoever loads it says so


def variant_of(folder: Path) -> str | None:
    """The variant ("fp16") that must be asked for because some part has its weights in no other;
    None where each has plain ones, or where no variant serves all that lack them.
    """
    weighty = [part for part in _named(folder) if any(part.glob("*.safetensors*"))]
    lacking = [part for part in weighty if not weight_files(part)]
    common = set.intersection(*map(variants_in, lacking)) if lacking else set()
    usable = (v for v in sorted(common) if all(weight_files(part, v) for part in lacking))
    return next(usable, None)


def variants_in(part: Path) -> set[str]:
    """The variants of which a part's folder has files."""
    return {found for file in part.glob("*.safetensors*") if (found := _variant(file.name))}


def _variant(name: str) -> str | None:
    """fp16 of model.fp16.safetensors, model.fp16-00001-of-00002.safetensors and their index."""
    stem, *words = name.split(".")
    if stem not in _STEMS or len(words) < 2:
        return None
    if words[:2] == ["safetensors", "index"]:
        return words[2] if len(words) == 4 else None
    return words[0].split("-")[0]


def loaded_weights(part: Path, variant: str | None) -> list[Path]:
    """The weights that diffusers loads when asked for this variant: plain ones where a part has no
    other.
    """
    return (weight_files(part, variant) if variant else []) or weight_files(part)


def component_files(folder: Path) -> list[Path]:
    """The files of a pipeline folder that fix what it computes, in order: model_index.json, and of
    each part that it names the configs, the vocabularies and the weights that are loaded.
    """
    found, variant = [folder / _INDEX], variant_of(folder)
    for part in _named(folder):
        found += [file for file in part.iterdir() if file.is_file() and not _is_weight(file)]
        found += loaded_weights(part, variant)
    return sorted(found)


def _named(folder: Path) -> list[Path]:
    """The folders of the parts that model_index.json names."""
    index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    named = [folder / name for name, (library, _) in parts(index).items() if library is not None]
    return [part for part in named if part.is_dir()]


def _is_weight(file: Path) -> bool:
    index = file.suffix == ".json" and ".index." in file.name
    return index or file.name.startswith(".") or file.suffix in _WEIGHTS


def licence_files(folder: Path) -> list[Path]:
    """What must travel with a copy of the model."""
    return [f for f in sorted(folder.glob("*")) if f.is_file() and _is_licence(f.name)]


def _is_licence(name: str) -> bool:
    return name.upper().startswith(("LICENSE", "LICENCE", "NOTICE", "USE_POLICY"))
