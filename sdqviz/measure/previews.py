"""What each model aims at along the way: the predicted x0 of every call, as one strip a model."""

import io
from typing import Any

import numpy as np
import torch
from PIL import Image

from sdqviz.base.scene import Scene
from sdqviz.diffusion.clean import clean_latents
from sdqviz.diffusion.trajectory import Trajectory
from sdqviz.products.context import Context

DECODED, PROJECTED = "decoded", "projected"
DECODED_SIDE = 32  # latents up to this side are decoded at every call, larger ones projected
MOST_SIDE = 96  # pixels of a strip's cell
LONGEST = 16383  # pixels that a WebP may be wide


def previews(
    context: Context,
    scene: Scene,
    teacher: Trajectory,
    steered: Trajectory,
    reference: np.ndarray,
) -> dict[str, Any]:
    """{"fp", "student": blobs of strips, one cell a call; "width", "height": of a cell; "how"}.

    Small latents go through the autoencoder. Large ones, whose decoding would take longer than
    the sampling, are mapped to colours by the affine fit of the FP model's final latents to its
    picture `reference` (uint8 [H, W, 3]): coarse in place, approximate in colour.
    """
    model = context.model
    clean = {
        "fp": clean_latents(teacher, scene, model.scheduler_config),
        "student": clean_latents(steered, scene, model.scheduler_config),
    }
    final = teacher.latents[-1]
    decoded = max(final.shape[1:]) <= DECODED_SIDE
    fit = None if decoded else colour_fit(final, reference)
    side = cell_side(len(teacher.x))

    def cell(latents: torch.Tensor) -> Image.Image:
        if fit is None:
            picture = Image.fromarray(model.family.decode(model, latents))
        else:
            picture = Image.fromarray(projected(latents, fit))
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        return picture

    strips = {who: [cell(latents) for latents in own] for who, own in clean.items()}
    width, height = strips["fp"][0].size
    return {
        **{who: _strip(context, cells) for who, cells in strips.items()},
        "width": width,
        "height": height,
        "how": DECODED if decoded else PROJECTED,
    }


def cell_side(calls: int) -> int:
    """The side of a strip's cells, so that all fit into one WebP."""
    return max(1, min(MOST_SIDE, LONGEST // calls))


def colour_fit(latents: torch.Tensor, picture: np.ndarray) -> torch.Tensor:
    """Least squares [C + 1, 3] from latents [C, h, w] and a constant to colours in 0..255."""
    _, height, width = latents.shape
    small = Image.fromarray(picture).resize((width, height), Image.Resampling.BOX)
    colours = torch.from_numpy(np.asarray(small, dtype=np.float32)).reshape(-1, 3)
    return torch.linalg.lstsq(_columns(latents), colours).solution


def projected(latents: torch.Tensor, fit: torch.Tensor) -> np.ndarray:
    """uint8 [h, w, 3]: latents [C, h, w] through the fit."""
    _, height, width = latents.shape
    colours = (_columns(latents) @ fit).clamp(0, 255).round().to(torch.uint8)
    return colours.reshape(height, width, 3).numpy()


def _columns(latents: torch.Tensor) -> torch.Tensor:
    flat = latents.to(torch.float32).flatten(1).T
    return torch.cat([flat, torch.ones(len(flat), 1)], dim=1)


def _strip(context: Context, cells: list[Image.Image]) -> str:
    width, height = cells[0].size
    strip = Image.new("RGB", (width * len(cells), height))
    for index, picture in enumerate(cells):
        strip.paste(picture, (index * width, 0))
    buffer = io.BytesIO()
    # Looked at, never measured: a seventh of the PNG's bytes.
    strip.save(buffer, "WEBP", quality=90, method=6)
    return context.products.blob(buffer.getvalue(), "webp")
