"""A sample sheet: what the mini draws for a fixed list of held-out captions."""

import torch
from diffusers import DiffusionPipeline
from PIL import Image

from sdqviz.minis.captions import held_out_captions
from sdqviz.minis.scenes import IMAGE_PIXELS

COLUMNS, ROWS = 8, 3
STEPS = 25
GUIDANCE = 2.0


def generate(
    pipeline: DiffusionPipeline, texts: list[str], batch: int = 12, first_seed: int = 0
) -> list[Image.Image]:
    """One picture per text: 25 steps, guidance 2, seed = first_seed + its index."""
    pipeline.set_progress_bar_config(disable=True)
    pictures: list[Image.Image] = []
    for start in range(0, len(texts), batch):
        part = texts[start : start + batch]
        seeds = [
            torch.Generator("cpu").manual_seed(first_seed + start + i) for i in range(len(part))
        ]
        pictures += pipeline(
            part, num_inference_steps=STEPS, guidance_scale=GUIDANCE, generator=seeds
        ).images
    return pictures


def sample_sheet(pipeline: DiffusionPipeline) -> Image.Image:
    """8 x 3 held-out captions, singles first, in one picture."""
    texts = [caption.text for caption in held_out_captions(COLUMNS * ROWS, seed=1)]
    pictures = generate(pipeline, texts)
    sheet = Image.new("RGB", (COLUMNS * IMAGE_PIXELS, ROWS * IMAGE_PIXELS))
    for index, picture in enumerate(pictures):
        sheet.paste(picture, (index % COLUMNS * IMAGE_PIXELS, index // COLUMNS * IMAGE_PIXELS))
    return sheet
