"""Where a named model lies, and whether its files are whole. Reads headers only; no torch."""

import codecs
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.base.reading import check_regular, read_json_object, reading
from sdqviz.families.components import loaded_weights, parts, variant_of, variants_in
from sdqviz.families.published import PUBLISHED

_PICKLES = {".ckpt", ".pt", ".pth", ".bin"}


@dataclass(frozen=True)
class Source:
    """A model that exists on this machine: what the user typed, and where it lies."""

    name: str
    path: Path  # a diffusers folder, or one safetensors file
    config: Path | None = None  # for a single file: the folder with its configs and tokenizer


def minis() -> dict[str, Path]:
    """The shipped models by name."""
    folder = assets_folder() / "models"
    return {p.parent.name: p.parent for p in sorted(folder.glob("*/model_index.json"))}


def find(name: str, config: str | None = None) -> Source:
    """Where the named model lies. Raises SdqvizError with the next step when it does not."""
    with reading(f"model {name[:200]!r}", "check the name, or download the model again"):
        return _find(name, config)


def _find(name: str, config: str | None) -> Source:
    if name in minis():
        return Source(name, minis()[name])
    path = Path(name).expanduser()
    if path.is_file():
        return _single_file(name, path, config)
    if path.is_dir():
        return Source(name, check_folder(path))
    looks_like_hub = name.count("/") == 1 and not name.startswith((".", "/", "~"))
    if looks_like_hub:
        return Source(name, check_folder(_hub_folder(name)))
    raise SdqvizError(
        f"unknown model {name!r}",
        f"give {', '.join(minis()) or 'a mini'}, a local folder, a .safetensors file or a hub id",
    )


def _single_file(name: str, path: Path, config: str | None) -> Source:
    if path.suffix in _PICKLES:
        raise SdqvizError(
            f"{path.name} is a pickle checkpoint, which can run code when opened",
            "use the .safetensors version of the model",
        )
    names = set(check_safetensors(path))
    if _is_adapter(names):
        raise SdqvizError(
            f"{path.name} holds an adapter (LoRA), not a model",
            "give the base model; merge the adapter into it first, if it is wanted",
        )
    if config is None:
        raise SdqvizError(
            f"{path.name} holds weights only",
            "give --config DIR, a diffusers folder with the configs and the tokenizer",
        )
    return Source(name, path, check_folder(Path(config).expanduser(), weights=False))


def _hub_folder(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise SdqvizError(
            f"{name} is not on this machine, and nothing downloads unasked", how_to_get(name)
        ) from error


def how_to_get(name: str) -> str:
    """The commands that bring a hub model here."""
    fetch = f"run: sdqviz fetch {name}"
    if any(model.hub_id == name and model.gated for model in PUBLISHED):
        return f"accept its licence on {name}'s hub page, run: hf auth login, then {fetch}"
    return fetch


def check_folder(folder: Path, weights: bool = True) -> Path:
    """The folder, if it is a complete diffusers pipeline with whole safetensors files."""
    _refuse_pipes(folder)
    index = folder / "model_index.json"
    if not index.is_file():
        raise SdqvizError(
            f"{folder} is not a diffusers pipeline: it has no model_index.json",
            "give the folder that holds model_index.json",
        )
    if not weights:
        return folder
    named, variant = parts(read_json(index)), variant_of(folder)
    for part, (library, _) in named.items():
        needs_weights = part in ("unet", "transformer", "vae") or part.startswith("text_encoder")
        if needs_weights and library is not None:
            _check_weights(folder, part, loaded_weights(folder / part, variant))
    return folder


def _refuse_pipes(folder: Path) -> None:
    """Refuses a folder with a pipe, a device or a socket in it: reading one never ends."""
    places = [folder, *(p for p in folder.iterdir() if p.is_dir())] if folder.is_dir() else []
    for place in places:
        for file in place.iterdir():
            if file.exists() and not file.is_dir():
                check_regular(file, "remove it from the model's folder")


def _check_weights(folder: Path, part: str, files: list[Path]) -> None:
    if not files and part == "text_encoder_3":
        raise SdqvizError(
            f"{folder} names a T5 encoder (text_encoder_3) that is not there",
            "download it, or run without: set text_encoder_3 and tokenizer_3 to "
            "[null, null] in model_index.json",
        )
    variants = ", ".join(sorted(variants_in(folder / part)))
    if not files and variants:
        raise SdqvizError(
            f"{folder / part} has weights of {variants} alone, and other parts have not",
            "bring all parts in one variant, or plain: download the model again",
        )
    if not files:
        pickled = any(p.suffix in _PICKLES for p in (folder / part).glob("*"))
        raise SdqvizError(
            f"{folder / part} has {'only pickle' if pickled else 'no'} weights",
            "safetensors weights are needed; fetch or convert them",
        )
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise SdqvizError(
            f"{folder / part} is incomplete: {len(missing)} of {len(files) - 1} files are missing, "
            f"first {missing[0]}",
            "download the model again; what is there is kept",
        )
    for file in files:
        if file.suffix == ".json":
            read_json(file)
        else:
            check_safetensors(file)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a model's folder."""
    found = read_json_object(path, "the model folder is damaged or incomplete: download it again")
    with path.open("rb") as file:
        marked = file.read(3) == codecs.BOM_UTF8
    if marked:
        raise SdqvizError(
            f"{path} begins with a byte-order mark, which diffusers does not read",
            "save it as UTF-8 without one",
        )
    return found


def check_safetensors(path: Path) -> list[str]:
    """The names of its tensors. Raises SdqvizError if the file is shorter than its own header
    says (a broken download).
    """
    check_regular(path, "give a safetensors file")
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > size:
                raise ValueError("header past the end")
            header = json.loads(file.read(length))
    except (struct.error, ValueError, RecursionError) as error:
        raise SdqvizError(
            f"{path} is not a whole safetensors file ({size} bytes)", "download it again"
        ) from error
    with reading(path, "download it again"):
        ends = [v["data_offsets"][1] for k, v in header.items() if k != "__metadata__"]
        expected = 8 + length + max(ends, default=0)
    if size < expected:
        raise SdqvizError(f"{path} is truncated: {size} of {expected} bytes", "download it again")
    return [name for name in header if name != "__metadata__"]


def _is_adapter(names: set[str]) -> bool:
    marks = (".lora_down.", ".lora_up.", ".lora_A.", ".lora_B.", ".hada_w1", ".lokr_w1")
    return any(mark in f"{name}." for name in names for mark in marks)


# Tensors that only one family's single files have.
_SIGNS = {
    "sd3": "model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight",
    "sdxl": "conditioner.embedders.1.model.ln_final.weight",
    "sd2": "cond_stage_model.model.ln_final.weight",
    "sd1": "cond_stage_model.transformer.text_model.final_layer_norm.weight",
}


def family_of_file(path: Path) -> str | None:
    """The family whose single-file layout this is, if its text encoder came along."""
    names = set(check_safetensors(path))
    return next((family for family, sign in _SIGNS.items() if sign in names), None)


def network_folder(folder: Path) -> str:
    """The subfolder of the denoising network."""
    return "transformer" if "transformer" in read_json(folder / "model_index.json") else "unet"


def packed_folder(name: str) -> Path:
    """The absolute path of a folder that sdqviz quantized. Raises SdqvizError for another."""
    folder = find(name).path.absolute()
    if not is_packed(folder):
        raise SdqvizError(f"{name} is not a quantized model", "give a folder made by quantize")
    return folder


def is_packed(folder: Path) -> bool:
    """Whether the folder's network was quantized by sdqviz."""
    config = folder / network_folder(folder) / "config.json"
    return config.is_file() and "quantization_config" in read_json(config)
