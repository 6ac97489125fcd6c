"""mini-sd1 by both recipes on the GPU, in each number format, against the CPU's result."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sdqviz
from sdqviz.api import open_store
from tests.gpu.part import Part, Row

RECIPES = ("round_nearest", "fidelity")
DTYPES = ("float32", "float16", "bfloat16")
CONFIG = {"steps": 8, "calibration_scenes": 1, "held_out_scenes": 2}
TRAINING = {"training_steps": 20, "training_scenes": 1, "rounds": 1, "previews": 0}
PSNR_TOLERANCE_DB = 3.0  # of the median against the CPU's in float32; the training is short


def measure(out: Path, seconds: float) -> Iterator[list[Row]]:
    rows: list[Row] = []
    for recipe in RECIPES:
        reference = quantized(recipe, "cpu", "float32")
        rows.append(reference)
        yield rows
        for dtype in DTYPES:
            row = quantized(recipe, "cuda", dtype)
            apart = row["PSNR, dB"] - reference["PSNR, dB"]
            row["ok"] = row["state"] == "done" and apart > -PSNR_TOLERANCE_DB
            rows.append(row)
            yield rows


def quantized(recipe: str, device: str, dtype: str) -> Row:
    config: dict[str, Any] = CONFIG if recipe == "round_nearest" else {**CONFIG, **TRAINING}
    start = time.perf_counter()
    report = sdqviz.quantize("mini-sd1", recipe=recipe, config=config, device=device, dtype=dtype)
    result = open_store().runs.get(report["run"]).quantized
    medians = {name: metric.median for name, metric in result.metrics.items()}
    floor = result.metrics["psnr"].floor
    return {
        "recipe": recipe,
        "device": device,
        "dtype": dtype,
        "state": report["state"],
        "PSNR, dB": float("nan") if medians["psnr"] is None else medians["psnr"],
        "floor, dB": float("nan") if floor is None else floor,
        "SSIM": medians.get("ssim", ""),
        "engines": ", ".join(f"{n} {count}" for n, count in result.engine.layers.items()),
        "seconds": round(time.perf_counter() - start, 1),
        "peak bytes": report["peak_bytes"],
    }


PART = Part(name="mini", label="mini-sd1 end to end", order=2, seconds=200, measure=measure)
