"""Before a run starts: its seconds, memory and disk, refused when over what is there."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdqviz.base.errors import SdqvizError
from sdqviz.base.request import FLOAT32
from sdqviz.families.sources import find, network_folder, read_json
from sdqviz.runner import machine
from sdqviz.store.db import free_bytes
from sdqviz.training.footprint import training_footprint

# A UNet spends about latent_pixels / 10 multiply-adds a parameter (v1-4: 395 at 64 x 64).
MACS_PER_PARAMETER = 0.1
EFFICIENCY = 0.25  # of the measured matrix product speed, in convolutions of all sizes
BASE_BYTES = 900_000_000  # Python with torch and diffusers


STUDENT_BYTES = 2.0  # a parameter: packed, expanded to int8, and its file while it is written


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Estimated, not measured: seconds of work, peak bytes of memory, bytes of disk."""

    seconds: float
    memory_bytes: int
    disk_bytes: int


def estimate_quantize(spec: dict[str, Any]) -> Estimate:
    """The cost of a quantize spec on this machine. Raises SdqvizError if the model is not there."""
    source = find(spec["model"], spec["model_config"])
    configs = source.config or source.path
    network = network_folder(configs)
    parts = source.path / network if source.path.is_dir() else source.path
    parameters, everything = stored_parameters(parts), stored_parameters(source.path)
    side = int(read_json(configs / network / "config.json").get("sample_size", 64))
    settings = spec["config"]
    calibration, held_out = settings["calibration_scenes"], settings["held_out_scenes"]
    calls = settings["steps"] * (2.4 * calibration + 9 * held_out + 8) + 40
    training = training_footprint(settings, parameters, side)
    calls += training.calls
    macs = 2 * parameters * side * side * MACS_PER_PARAMETER
    call_bytes = 4 * side * side * 4 * 4  # input, two outputs, latents: float32, 4 channels
    pictures = 4 * (side * 8) ** 2 * 3
    trajectories = (calibration + 2 * held_out) * settings["steps"] * call_bytes
    return Estimate(
        seconds=15 + calls * 2 * macs / (machine.gigaflops() * 1e9 * EFFICIENCY),
        memory_bytes=int(
            BASE_BYTES
            + (4 if spec.get("dtype", FLOAT32) == FLOAT32 else 2) * everything
            + STUDENT_BYTES * parameters
            + training.memory_bytes
        ),
        disk_bytes=int(parameters + trajectories + held_out * pictures + training.disk_bytes),
    )


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
    """Numbers of all safetensors files in a folder (or of one file), from their headers."""
    files = sorted(path.rglob("*.safetensors")) if path.is_dir() else [path]
    total = 0
    for file in files:
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
