"""Before a run starts: its seconds, memory and disk, refused when over what is there."""

import json
import struct
from collections.abc import Iterable, Mapping
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
from sdqviz.store.runs import Run
from sdqviz.training.footprint import ways_out

# A UNet spends about latent_pixels / 10 multiply-adds a parameter (v1-4: 395 at 64 x 64).
MACS_PER_PARAMETER = 0.1
EFFICIENCY = 0.25  # of the measured matrix product speed, in convolutions of all sizes
GPU_GIGAFLOPS = {4: 8e3, 2: 40e3}  # of a common card, by bytes a number: a guess until one is timed
_SAME = ("model", "model_config", "device", "dtype")  # what fixes a call, beside the size
BASE_BYTES = 900_000_000  # Python with torch and diffusers
CUDA_HOST_BYTES = 2_500_000_000  # CUDA's libraries in the host's memory
CUDA_BYTES = 1_000_000_000  # CUDA's context, its libraries' work space, what lies between tensors
DECODED_CHANNELS = 3 * 256  # of full-size pictures that the autoencoder holds at a time


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Estimated, not measured: seconds of work; peak bytes of the host's memory, of the GPU's (0
    without one), and of disk, of which `out_bytes` are the exported model's. `timed`: the seconds
    come from a network call that was timed here. `ways`: what asks for less memory.
    """

    seconds: float
    memory_bytes: int
    device_bytes: int = 0
    disk_bytes: int = 0
    out_bytes: int = 0
    timed: bool = False
    ways: str = ""

    def as_row(self) -> dict[str, Any]:
        """For a report."""
        names = ("seconds", "timed", "memory_bytes", "device_bytes", "disk_bytes", "out_bytes")
        return {name: getattr(self, name) for name in names}

    def words(self) -> str:
        """In one line, of whatever there is."""
        guess = "" if self.timed else " (a guess until a call is timed)"
        parts = [f"{self.seconds:.0f} s{guess}", f"{_gigabytes(self.memory_bytes)} of memory"]
        if self.device_bytes:
            parts.append(f"{_gigabytes(self.device_bytes)} of GPU memory")
        parts.append(f"{(self.disk_bytes + self.out_bytes) / 1e6:.0f} MB of disk")
        return ", ".join(parts)


def estimate_quantize(
    spec: dict[str, Any],
    catalog: dict[str, Any],
    call_seconds: float | None = None,
    out: bool = False,
) -> Estimate:
    """The cost of a quantize spec on this machine. `call_seconds`: of one sample's call of its
    network, measured here. `out`: the model is exported. Raises SdqvizError if it is not there.
    """
    source = find(spec["model"], spec["model_config"])
    configs = source.config or source.path
    network = network_folder(configs)
    parts = _parts(source.path, network)
    parameters, everything = parts[network], sum(parts.values())
    config = read_json(configs / network / "config.json")
    channels = int(config.get("in_channels", 4))
    gpu = spec.get("device", "cpu") != "cpu"
    settings = {**_fixed(recipe_entry(catalog, spec["recipe"])), **spec["config"]}
    side = latent_side(configs, config, settings)
    needs = recipe_needs(
        recipe_entry(catalog, spec["recipe"]), settings, parameters, side, channels, gpu
    )
    number = 4 if spec.get("dtype", FLOAT32) == FLOAT32 else 2
    if call_seconds is None:
        speed = GPU_GIGAFLOPS[number] if gpu else machine.gigaflops() * EFFICIENCY
        call_seconds = 2 * parameters * side * side * MACS_PER_PARAMETER / (speed * 1e9)
        timed = False
    else:
        timed = True
    memory, device = BASE_BYTES + number * everything + needs["memory_bytes"], 0.0
    if gpu:
        memory += CUDA_HOST_BYTES
        decoded = number * DECODED_CHANNELS * (8 * side) ** 2
        device = CUDA_BYTES + number * (parameters + parts.get("vae", 0))
        device += max(needs["device_bytes"], decoded)
    else:
        memory += needs["device_bytes"]
    branches = _branches(settings)
    return Estimate(
        seconds=15 + needs["network_calls"] * branches * call_seconds,
        memory_bytes=int(memory),
        device_bytes=int(device),
        disk_bytes=int(needs["disk_bytes"]),
        out_bytes=int(parameters + 4 * (everything - parameters)) if out else 0,
        timed=timed,
        ways=_ways(settings, spec, number),
    )


def call_seconds(runs: Iterable[Run], spec: dict[str, Any]) -> float | None:
    """What the newest run of the same model in the same number format and size on the same device
    timed.
    """

    def about(own: dict[str, Any]) -> list[Any]:
        config = own.get("config", {})
        size = [config.get(name) or 0 for name in ("width", "height")]
        return [*(own.get(name) for name in _SAME), *size]

    for run in runs:
        if about(run.spec) == about(spec) and run.result and run.result.get("call_seconds"):
            return run.result["call_seconds"]
    return None


def recipe_needs(
    recipe: dict[str, Any],
    config: dict[str, Any],
    parameters: int,
    side: float,
    channels: int,
    gpu: bool = False,
) -> dict[str, float]:
    """{network_calls, device_bytes, memory_bytes, disk_bytes} of what a catalog's recipe says that
    its stages need with these settings: calls and disk of all, memory of the largest.
    """
    known = {
        **_fixed(recipe),
        **config,
        "parameters": parameters,
        "side": side,
        "channels": channels,
        "calls": config["steps"] + 1,  # PNDM makes one more than it has steps
        "branches": _branches(config),
        "gpu": int(gpu),
    }
    wanted = [s["needs"] for s in recipe["stages"] if not s["when"] or config[s["when"]]]
    together = {"network_calls": sum, "disk_bytes": sum, "device_bytes": max, "memory_bytes": max}
    return {
        kind: join([evaluate(stage.get(kind, "0"), known) for stage in wanted])
        for kind, join in together.items()
    }


def _fixed(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What a recipe takes from the user's hands: its stages read it like any other setting."""
    return {n: v for stage in recipe["stages"] for n, v in stage.get("fixed", {}).items()}


def refuse_if_over(
    estimate: Estimate,
    store_folder: Path,
    device_free: int | None = None,
    out: Path | None = None,
    force: bool = False,
) -> list[str]:
    """Raises SdqvizError when memory or disk would not suffice; with `force` returns what that
    overrode instead. device_free: bytes of the GPU's memory, where there is one.
    """
    problems = list(_problems(estimate, store_folder, device_free, out))
    if problems and not force:
        message, hint = problems[0]
        raise SdqvizError(message, hint)
    return [message for message, _ in problems]


def _problems(estimate: Estimate, folder: Path, device_free: int | None, out: Path | None) -> Any:
    """(what is too little, what to do) for each."""
    memory, disk = machine.available_bytes(), free_bytes(folder)
    forced = "; or go on anyway with --force"
    if estimate.memory_bytes > memory:
        yield (
            f"this needs about {_gigabytes(estimate.memory_bytes)} of memory, "
            f"{_gigabytes(memory)} is free",
            f"{estimate.ways or 'close other programs or choose a smaller model'}{forced}",
        )
    if device_free is not None and estimate.device_bytes > device_free:
        yield (
            f"this needs about {_gigabytes(estimate.device_bytes)} of GPU memory, "
            f"{_gigabytes(device_free)} is free",
            f"{estimate.ways or 'choose a smaller model, or --device cpu'}{forced}",
        )
    wanted = estimate.disk_bytes
    if out is not None and estimate.out_bytes:
        there = next(p for p in (out.absolute(), *out.absolute().parents) if p.exists())
        if there.stat().st_dev == folder.stat().st_dev:
            wanted += estimate.out_bytes
        elif estimate.out_bytes > free_bytes(there):
            yield (
                f"the exported model needs about {_gigabytes(estimate.out_bytes)} of disk, "
                f"{_gigabytes(free_bytes(there))} is free in {there}",
                f"choose --out on another disk{forced}",
            )
    if wanted > disk:
        yield (
            f"this needs about {_gigabytes(wanted)} of disk, "
            f"{_gigabytes(disk)} is free in {folder}",
            f"free some with `sdqviz runs gc`, or set SDQVIZ_HOME to another disk{forced}",
        )


def _ways(settings: Mapping[str, Any], spec: Mapping[str, Any], number: int) -> str:
    """What asks for less memory."""
    if not settings.get("training_steps"):
        return "choose --dtype float16" if number == 4 and spec.get("device") != "cpu" else ""
    ways = ways_out(settings, settings["micro_batch"] or settings["batch"])
    half = ", or --dtype float16" if number == 4 and spec.get("device", "cpu") != "cpu" else ""
    return ways + half


def _branches(config: Mapping[str, Any]) -> int:
    """Samples of one scene's network call: 0 takes the model's own guidance, which is above 1."""
    return 1 if 0 < config.get("guidance", 0) <= 1 else 2


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB"


def _parts(path: Path, network: str) -> dict[str, int]:
    """Numbers of each part that is loaded; a single file's are all its network's."""
    if path.is_file():
        return {network: stored_parameters(path)}
    index = read_json(path / "model_index.json")
    folders = [path / name for name, kind in index.items() if isinstance(kind, list) and kind[0]]
    return {folder.name: stored_parameters(folder) for folder in folders if folder.is_dir()}


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
