"""A mini trained from nothing in what time is left, and what it draws."""

import time
from collections.abc import Iterator
from pathlib import Path

import torch

from sdqviz.families.loading import load
from sdqviz.minis.train import train
from tests.gpu.part import Part, Row

LOADING_SECONDS = 25.0  # of its time


def measure(out: Path, seconds: float) -> Iterator[list[Row]]:
    start = time.perf_counter()
    minutes = max(0.2, (seconds - LOADING_SECONDS) / 60)
    folder = train("sd1", "cuda", minutes, out / "mini")
    spread = _picture_spread(folder)
    yield [
        {
            "what": f"mini-sd1 from nothing, {minutes:.1f} min",
            "seconds": round(time.perf_counter() - start, 1),
            "device peak, GB": torch.cuda.max_memory_allocated() / 1e9,
            "spread of a picture's values": spread,
            "ok": spread > 1.0,  # of 255: not one flat colour
        }
    ]


def _picture_spread(folder: Path) -> float:
    """Standard deviation of the values, 0 to 255, of a picture that the mini draws."""
    pipeline = load(str(folder), device="cuda").pipeline
    generator = torch.Generator().manual_seed(0)
    drawn = pipeline(
        "a large rocket on a blue background",
        num_inference_steps=10,
        guidance_scale=2.0,
        generator=generator,
        output_type="pt",
    )
    return float((drawn.images[0] * 255).float().std())


PART = Part(name="training", label="A mini from nothing", order=6, seconds=300, measure=measure)
