"""Where a named model lies, and whether its files are whole. Reads headers only; no torch."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError

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
    check_safetensors(path)
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
            f"{name} is not on this machine, and nothing downloads unasked",
            f"run: sdqviz fetch {name}",
        ) from error


def check_folder(folder: Path, weights: bool = True) -> Path:
    """The folder, if it is a complete diffusers pipeline with whole safetensors files."""
    index = folder / "model_index.json"
    if not index.is_file():
        raise SdqvizError(
            f"{folder} is not a diffusers pipeline: it has no model_index.json",
            "give the folder that holds model_index.json",
        )
    if not weights:
        return folder
    for part, (library, _) in _parts(read_json(index)).items():
        needs_weights = part in ("unet", "transformer", "vae") or part.startswith("text_encoder")
        if not needs_weights or library is None:
            continue
        files = sorted((folder / part).glob("*.safetensors"))
        if not files:
            pickled = any(p.suffix in _PICKLES for p in (folder / part).glob("*"))
            raise SdqvizError(
                f"{folder / part} has {'only pickle' if pickled else 'no'} weights",
                "safetensors weights are needed; fetch or convert them",
            )
        for file in files:
            check_safetensors(file)
    return folder


def _parts(index: dict[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    return {k: (v[0], v[1]) for k, v in index.items() if isinstance(v, list) and len(v) == 2}


def read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SdqvizError(f"{path} is missing", "the model folder is incomplete") from error
    except ValueError as error:
        raise SdqvizError(f"{path} is not valid JSON", "the model folder is damaged") from error


def check_safetensors(path: Path) -> None:
    """Raises SdqvizError if the file is shorter than its own header says (a broken download)."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > size:
                raise ValueError("header past the end")
            header = json.loads(file.read(length))
    except (struct.error, ValueError) as error:
        raise SdqvizError(
            f"{path} is not a whole safetensors file ({size} bytes)", "download it again"
        ) from error
    ends = [v["data_offsets"][1] for k, v in header.items() if k != "__metadata__"]
    expected = 8 + length + max(ends, default=0)
    if size < expected:
        raise SdqvizError(f"{path} is truncated: {size} of {expected} bytes", "download it again")


def network_folder(folder: Path) -> str:
    """The subfolder of the denoising network."""
    return "transformer" if "transformer" in read_json(folder / "model_index.json") else "unet"


def is_packed(folder: Path) -> bool:
    """Whether the folder's network was quantized by sdqviz."""
    config = folder / network_folder(folder) / "config.json"
    return config.is_file() and "quantization_config" in read_json(config)
