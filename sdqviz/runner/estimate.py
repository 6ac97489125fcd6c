"""Before a run starts: its seconds, memory and disk, refused when over what is there."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.formula import evaluate
from sdqviz.base.request import FLOAT32, recipe_entry
from sdqviz.families.components import component_files, loaded_weights, variant_of
from sdqviz.families.sources import find, network_folder, read_json
from sdqviz.runner import machine
from sdqviz.runner.latent_side import latent_side
from sdqviz.store.db import free_bytes

# A UNet spends about latent_pixels / 10 multiply-adds a parameter (v1-4: 395 at 64 x 64).
MACS_PER_PARAMETER = 0.1
EFFICIENCY = 0.25  # of the measured matrix product speed, in convolutions of all sizes
BASE_BYTES = 900_000_000  # Python with torch and diffusers


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Estimated, not measured: seconds of work, peak bytes of memory, bytes of disk."""

    seconds: float
    memory_bytes: int
    disk_bytes: int


def estimate_quantize(spec: dict[str, Any], catalog: dict[str, Any]) -> Estimate:
    """The cost of a quantize spec on this machine. Raises SdqvizError if the model is not there."""
    source = find(spec["model"], spec["model_config"])
    configs = source.config or source.path
    network = network_folder(configs)
    parts = source.path / network if source.path.is_dir() else source.path
    parameters, everything = stored_parameters(parts), stored_parameters(source.path)
    config = read_json(configs / network / "config.json")
    side = latent_side(configs, config, spec["config"])
    channels = int(config.get("in_channels", 4))
    needs = recipe_needs(
        recipe_entry(catalog, spec["recipe"]), spec["config"], parameters, side, channels
    )
    macs = 2 * parameters * side * side * MACS_PER_PARAMETER
    number = 4 if spec.get("dtype", FLOAT32) == FLOAT32 else 2
    return Estimate(
        seconds=15 + needs["network_calls"] * 2 * macs / (machine.gigaflops() * 1e9 * EFFICIENCY),
        memory_bytes=int(BASE_BYTES + number * everything + needs["memory_bytes"]),
        disk_bytes=int(needs["disk_bytes"]),
    )


def recipe_needs(
    recipe: dict[str, Any], config: dict[str, Any], parameters: int, side: int, channels: int
) -> dict[str, float]:
    """{network_calls, memory_bytes, disk_bytes}: the sums of what a catalog's recipe says that
    its stages need with these settings.
    """
    known = {
        **config,
        "parameters": parameters,
        "side": side,
        "channels": channels,
        "calls": config["steps"] + 1,  # PNDM makes one more than it has steps
    }
    wanted = [s["needs"] for s in recipe["stages"] if not s["when"] or config[s["when"]]]
    kinds = ("network_calls", "memory_bytes", "disk_bytes")
    return {kind: sum(evaluate(stage[kind], known) for stage in wanted) for kind in kinds}


def refuse_if_over(estimate: Estimate, store_folder: Path) -> None:
    """Raises SdqvizError when memory or disk would not suffice."""
    memory, disk = machine.available_bytes(), free_bytes(store_folder)
    if estimate.memory_bytes > memory:
        raise SdqvizError(
            f"this needs about {_gigabytes(estimate.memory_bytes)} of memory, "
            f"{_gigabytes(memory)} is free",
            "close other programs or choose a smaller model",
        )
    if estimate.disk_bytes > disk:
        raise SdqvizError(
            f"this needs about {_gigabytes(estimate.disk_bytes)} of disk, "
            f"{_gigabytes(disk)} is free in {store_folder}",
            "free some with `sdqviz runs gc`, or set SDQVIZ_HOME to another disk",
        )


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB"


def stored_parameters(path: Path) -> int:
    """Numbers in the weights of a pipeline folder, of a part's folder, or of one file, from their
    headers.
    """
    total = 0
    for file in _weights(path):
        with file.open("rb") as opened:
            (length,) = struct.unpack("<Q", opened.read(8))
            header = json.loads(opened.read(length))
        for name, entry in header.items():
            if name != "__metadata__":
                count = 1
                for size in entry["shape"]:
                    count *= size
                total += count
    return total


def _weights(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if (path / "model_index.json").is_file():
        files = component_files(path)
    else:
        files = loaded_weights(path, variant_of(path.parent))
    return [file for file in files if file.suffix == ".safetensors"]
