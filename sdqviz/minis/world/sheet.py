"""Drawing captions with a mini, and its sample sheet: held-out captions with several seeds."""

import torch
from diffusers import DiffusionPipeline
from PIL import Image

from sdqviz.minis.world.captions import Caption, held_out_captions
from sdqviz.minis.world.scenes import IMAGE_PIXELS

STEPS = 25
GUIDANCE = 3.0
ROWS, COLUMNS = 8, 6
_BATCH = 12


def draw(
    pipeline: DiffusionPipeline,
    texts: list[str],
    seeds: list[int],
    guidance: float = GUIDANCE,
    steps: int = STEPS,
) -> list[Image.Image]:
    """One picture per text and seed."""
    pipeline.set_progress_bar_config(disable=True)
    drawn: list[Image.Image] = []
    for start in range(0, len(texts), _BATCH):
        part = slice(start, start + _BATCH)
        noise = [torch.Generator("cpu").manual_seed(seed) for seed in seeds[part]]
        drawn += pipeline(
            texts[part], num_inference_steps=steps, guidance_scale=guidance, generator=noise
        ).images
    return drawn


def sheet_captions(places: bool = True) -> list[Caption]:
    """Held-out captions, one a row: a third in places."""
    wanted = 3 if places else 0
    found = held_out_captions(80, seed=1)
    return [c for c in found if not c.place][: ROWS - wanted] + [c for c in found if c.place][
        :wanted
    ]


def sample_sheet(pipeline: DiffusionPipeline, places: bool = True) -> Image.Image:
    """Eight captions, one a row, with six seeds each."""
    texts = [caption.text for caption in sheet_captions(places) for _ in range(COLUMNS)]
    drawn = draw(pipeline, texts, list(range(COLUMNS)) * ROWS)
    sheet = Image.new("RGB", (COLUMNS * IMAGE_PIXELS, ROWS * IMAGE_PIXELS))
    for index, picture in enumerate(drawn):
        row, column = divmod(index, COLUMNS)
        sheet.paste(picture, (column * IMAGE_PIXELS, row * IMAGE_PIXELS))
    return sheet
