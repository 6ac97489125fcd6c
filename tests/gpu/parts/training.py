"""A mini's denoiser trained from nothing in what time is left, and what it draws."""

import time
from collections.abc import Iterator
from pathlib import Path

import torch

from sdqviz.families.loading import load
from sdqviz.families.sources import minis
from sdqviz.minis.latents import write_latents
from sdqviz.minis.loop import Schedule
from sdqviz.minis.train_denoiser import RATE, train
from sdqviz.minis.world.dataset import write_dataset
from tests.gpu.part import Part, Row

PICTURES = 400  # some seconds of rendering
TRIED_STEPS = 40
DRAWING_SECONDS = 15.0


def measure(out: Path, seconds: float) -> Iterator[list[Row]]:
    start = time.perf_counter()
    data, latents, vae = out / "data", out / "latents.pt", minis()["mini-sd1"] / "vae"
    write_dataset(data, count=PICTURES)
    write_latents(data, vae, latents, "cuda")

    def trained(steps: int) -> float:
        """Seconds that it took to come to this step."""
        begun = time.perf_counter()
        schedule = Schedule(rate=RATE, steps=steps)
        train("sd1", data, latents, vae, out / "sd1", schedule, 0.0, True, False, "cuda")
        return time.perf_counter() - begun

    a_step = trained(TRIED_STEPS) / TRIED_STEPS
    left = seconds - (time.perf_counter() - start) - DRAWING_SECONDS
    steps = TRIED_STEPS + max(0, int(left / a_step))
    trained(steps)
    spread = _picture_spread(out / "sd1" / "mini")
    yield [
        {
            "what": f"mini-sd1's denoiser from nothing, {steps} steps of 32",
            "seconds": round(time.perf_counter() - start, 1),
            "samples/s": round(32 / a_step, 1),
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
