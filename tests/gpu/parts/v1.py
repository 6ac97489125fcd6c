"""A pipeline of v1-4's size, random weights, quantized by `fidelity`: memory, samples a second."""

import time
from collections.abc import Iterator
from pathlib import Path

import torch

import sdqviz
from sdqviz.base.events import Event, Progress
from tests.gpu.part import Part, Row
from tests.slow.real_size import save_real_size

BATCH = 4
CONFIG = {
    "steps": 4,
    "calibration_scenes": 1,
    "held_out_scenes": 1,
    "training_steps": 12,
    "training_scenes": 1,
    "rounds": 1,
    "previews": 0,
    "batch": BATCH,
}


def measure(out: Path, seconds: float) -> Iterator[list[Row]]:
    start = time.perf_counter()
    folder = save_real_size(out / "v1", "sd1", latent_side=64)
    rows: list[Row] = [_row("made", start)]
    yield rows
    torch.cuda.reset_peak_memory_stats()
    trained: list[float] = []  # when each optimiser step was done

    def see(event: Event) -> None:
        if isinstance(event, Progress) and event.place.startswith(f"step {len(trained) + 1} of "):
            trained.append(time.perf_counter())

    start = time.perf_counter()
    report = sdqviz.quantize(
        str(folder), recipe="fidelity", config=CONFIG, device="cuda", dtype="float16", see=see
    )
    # The first step compiles and warms up, so it is not in the pace.
    pace = BATCH * (len(trained) - 1) / (trained[-1] - trained[0])
    rows.append(
        {
            **_row("quantized, float16, 512 pixels", start),
            "state": report["state"],
            "device peak, GB": torch.cuda.max_memory_allocated() / 1e9,
            "trained samples a second": pace,
            "batch": BATCH,
            "ok": report["state"] == "done",
        }
    )
    yield rows


def _row(what: str, start: float) -> Row:
    return {"what": what, "seconds": round(time.perf_counter() - start, 1)}


PART = Part(name="v1", label="v1-4's size by fidelity", order=3, seconds=150, measure=measure)
