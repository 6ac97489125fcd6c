"""One whole denoising step of XL: float16, bfloat16 compiled, and ours; seconds and peak memory."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sdqviz.bench.networks import Size, fp_network, packed_network, size_named
from sdqviz.layers.served_weight import EXPANDED, PACKED
from tests.gpu.part import Part, Row

ROUNDS = 10
COMPILED: dict[str, Any] = {"dynamic": False}
RECORDED: dict[str, Any] = {"dynamic": False, "mode": "reduce-overhead"}  # CUDA graphs
F16, BF16 = torch.float16, torch.bfloat16


@dataclass(frozen=True)
class Contender:
    """resident: what a packed network keeps; None for the FP network. compiled: how, if it is."""

    label: str
    dtype: torch.dtype
    resident: str | None = None
    compiled: dict[str, Any] | None = None


CONTENDERS = (
    Contender("float16", F16),
    Contender("W4A8, expanded, rest float16", F16, EXPANDED),
    Contender("W4A8, packed, rest float16", F16, PACKED),
    Contender("bfloat16, compiled", BF16, None, COMPILED),
    Contender("W4A8, expanded, rest bfloat16, compiled", BF16, EXPANDED, COMPILED),
    Contender("W4A8, expanded, rest bfloat16, CUDA graph", BF16, EXPANDED, RECORDED),
)


def measure(out: Path, seconds: float, size_name: str = "sdxl") -> Iterator[list[Row]]:
    size = size_named(size_name)
    rows: list[Row] = []
    for contender in CONTENDERS:
        row = {"network": contender.label, **_guarded(partial(_timed, size, contender))}
        first = (rows or [row])[0].get("step, ms")
        if first and row.get("step, ms"):
            row["of float16"] = row["step, ms"] / first
        rows.append(row)
        yield rows


def _guarded(call: Callable[[], Row]) -> Row:
    """One that cannot run is a row that says so; the others go on."""
    try:
        return call()
    except Exception as error:
        return {"note": f"{type(error).__name__}: {error}".splitlines()[0][:200], "ok": False}


def _built(size: Size, contender: Contender) -> nn.Module:
    if contender.resident is None:
        return fp_network(size, contender.dtype)
    return packed_network(size, contender.dtype, contender.resident)


def _timed(size: Size, contender: Contender) -> Row:
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    device = torch.device("cuda")
    inputs = _to(size.inputs(contender.dtype), device)
    with device:  # random weights are made there
        network = _built(size, contender)
    network.to(device, memory_format=torch.channels_last)
    if contender.compiled is not None:
        network.compile(**contender.compiled)

    def step() -> torch.Tensor:
        with torch.inference_mode():
            return network(**inputs).sample

    start = time.perf_counter()
    for _ in range(3):
        y = step()
    torch.cuda.synchronize()
    begun = time.perf_counter() - start
    built = torch.cuda.max_memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        y = step()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return {
        "step, ms": 1e3 * statistics.median(times),
        "least, ms": 1e3 * min(times),
        "first three, s": begun,
        "held, GB": torch.cuda.memory_allocated() / 1e9,
        "peak, GB": torch.cuda.max_memory_allocated() / 1e9,
        "peak while first called, GB": built / 1e9,
        "ok": bool(y.isfinite().all()),
    }


def _to(value: Any, device: torch.device) -> Any:
    if isinstance(value, dict):
        return {key: _to(part, device) for key, part in value.items()}
    return value.to(device)


PART = Part(name="steps", label="XL, a whole step", order=5, seconds=240, measure=measure)
