"""A quantized model as a diffusers folder: the source's files, its network replaced."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from sdqviz.base.errors import SdqvizError
from sdqviz.base.places import refuse_occupied
from sdqviz.families.components import (
    component_files,
    licence_files,
    loaded_weights,
    variant_of,
)
from sdqviz.families.loading import NETWORK_FILE, family_of_folder, load
from sdqviz.families.sources import Source, read_json
from sdqviz.layers.tensor_file import write_tensors


def save_quantized(
    source: Source, packed: Path, quantization: dict[str, Any], card: str, out: Path
) -> Path:
    """Writes `out` whole or not at all. Refuses a folder that already holds something.

    packed: the network's safetensors file. The source's licence files come along.
    """
    refuse_occupied(out, "--out folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".sdqviz-") as scratch:
            folder = Path(scratch) / "model"
            part = family_of_folder(source.config or source.path).network_folder
            if source.path.is_dir():
                _copy_components(source.path, folder, without=part)
            else:
                name, config = str(source.path), str(source.config)
                load(name, config).pipeline.save_pretrained(folder)
                for file in (folder / part).glob("*.safetensors*"):
                    file.unlink()
            config = read_json(folder / part / "config.json")
            config["quantization_config"] = quantization
            text = json.dumps(config, indent=2) + "\n"
            (folder / part / "config.json").write_text(text, encoding="utf-8")
            write_tensors(folder / part / NETWORK_FILE, load_file(packed), {"format": "pt"})
            (folder / "README.md").write_text(card, encoding="utf-8")
            if out.exists():
                out.rmdir()  # empty, or refuse_occupied would have refused
            folder.rename(out)
    except OSError as error:
        raise SdqvizError(
            f"cannot write {out}: {error.strerror or error}", "choose another --out"
        ) from error
    return out


def _copy_components(source: Path, folder: Path, without: str) -> None:
    """Copies the source's parts, but for the weights of one. Those of a variant get the names that
    diffusers looks for when it is asked for none.
    """
    variant = variant_of(source)
    dropped = loaded_weights(source / without, variant)
    for file in [*component_files(source), *licence_files(source)]:
        if file in dropped:
            continue
        name = file.name.replace(f".{variant}", "") if variant else file.name
        target = folder / file.relative_to(source).with_name(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if name != file.name and file.suffix == ".json":  # an index of shards
            text = file.read_text(encoding="utf-8").replace(f".{variant}", "")
            target.write_text(text, encoding="utf-8")
        else:
            shutil.copyfile(file, target)
