"""`python -m sdqviz.minis.train_autoencoder --data DIR --out DIR --steps N`

Trains an autoencoder on the rendered pictures: mini-sd1's, which the minis with 4 latent channels
share, or with `--family sd3` the one of 16 channels. Stopped and started again with the same
arguments, it goes on; with more `--steps`, further. It sees crops where the objects are
(`--crop 64`; 128: whole pictures), for a ground is learned soon and an object late. With
`--perceptual WEIGHT` ST-LPIPS joins its loss, which sharpens textures. At the last step it writes
the averaged model, its latents standardised, as a diffusers folder `DIR/vae`. `--decoder-only` then
goes on from that folder with a fixed encoder, so that latents that are already cached stay true,
and writes `DIR/vae-decoder`.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image

from sdqviz.base.registry import found, named
from sdqviz.metrics.st_lpips import layer_distances
from sdqviz.minis.autoencoder import KL_WEIGHT, divergence, standardise_latents
from sdqviz.minis.commands import needed, one_line_errors
from sdqviz.minis.contract import PACKAGE
from sdqviz.minis.loop import Loop, Schedule, frozen_copy, run
from sdqviz.minis.world.dataset import Dataset, open_dataset
from sdqviz.minis.world.scenes import IMAGE_PIXELS, generator, scene

BATCH_PIXELS = 4 * IMAGE_PIXELS**2
RATE = 5e-4
_GRID = 8  # pixels a latent's side
_STANDARD_PICTURES = 1200  # from which the latents' mean and deviation are taken


def pictures(dataset: Dataset, rows: Sequence[int] | np.ndarray) -> torch.Tensor:
    """float32 [B, 3, 128, 128] in [-1, 1], channels last."""
    part = torch.from_numpy(np.stack([dataset.pictures[row] for row in rows]))
    moved = part.permute(0, 3, 1, 2).float() / 127.5 - 1.0
    return moved.contiguous(memory_format=torch.channels_last)


def object_crops(
    dataset: Dataset, rows: np.ndarray, side: int, rng: np.random.Generator
) -> torch.Tensor:
    """float32 [B, 3, side, side] in [-1, 1]: of each picture a window at one of its objects, on
    the latents' grid.
    """
    if side == IMAGE_PIXELS:
        return pictures(dataset, rows)
    cut = []
    for row in rows:
        placements = scene(dataset.captions[row], int(row)).placements
        placed = placements[rng.integers(len(placements))]
        corner = []
        for centre in (placed.y, placed.x):
            start = centre * IMAGE_PIXELS - side / 2 + rng.uniform(-side / 3, side / 3)
            corner.append(int(np.clip(round(start / _GRID) * _GRID, 0, IMAGE_PIXELS - side)))
        top, left = corner
        cut.append(dataset.pictures[row, top : top + side, left : left + side])
    moved = torch.from_numpy(np.stack(cut)).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    return moved.contiguous(memory_format=torch.channels_last)


def train(
    family: str,
    data: Path,
    out: Path,
    schedule: Schedule,
    start: Path | None = None,
    decoder_only: bool = False,
    perceptual: float = 0.0,
    crop: int = IMAGE_PIXELS,
    device: str = "cpu",
) -> Path:
    """The finished diffusers folder. On the way it writes a checkpoint and
    `reconstructions.png` every few minutes.
    """
    torch.manual_seed(0)
    dataset = open_dataset(data)
    start = out / "vae" if decoder_only else start
    if start is None:
        live = named(PACKAGE, "MINI", family).autoencoder()
    else:
        needed(start, "python -m sdqviz.minis.train_autoencoder without --decoder-only")
        live = AutoencoderKL.from_pretrained(start, local_files_only=True).float()
    live = live.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    average = frozen_copy(live)

    def loss(step: int) -> torch.Tensor:
        rng = generator("autoencoder", step)
        rows = rng.integers(len(dataset.captions), size=BATCH_PIXELS // crop**2)
        shown = object_crops(dataset, rows, crop, rng).to(device)
        return loss_of(live, shown, decoder_only, perceptual)

    def show(step: int) -> None:
        shown = np.linspace(0, len(dataset.captions) - 1, 12).astype(int)
        reconstructions(pictures(dataset, shown), average).save(out / "reconstructions.png")

    run(
        Loop(
            live=live,
            average=average,
            trainable=_decoding(live) if decoder_only else live.parameters(),
            loss=loss,
            schedule=schedule,
            file=out / ("decoder.pt" if decoder_only else "autoencoder.pt"),
            on_save=show,
        )
    )
    if not decoder_only:
        rows = np.linspace(0, len(dataset.captions) - 1, _STANDARD_PICTURES).astype(int)
        standardise_latents(average, _latents(average, dataset, rows))
    folder = out / ("vae-decoder" if decoder_only else "vae")
    average.to("cpu", torch.float16).save_pretrained(folder, safe_serialization=True)
    return folder


def loss_of(
    model: AutoencoderKL, shown: torch.Tensor, decoder_only: bool, perceptual: float = 0.0
) -> torch.Tensor:
    """L1 + L1 of the gradients + `perceptual` times ST-LPIPS, on pictures [B, 3, H, W] in [-1, 1];
    with a trained encoder a little KL too. A fixed encoder gives its means, as cached latents are.
    """
    kind = shown.device.type
    with torch.autocast(kind, torch.bfloat16):
        with torch.set_grad_enabled(not decoder_only and torch.is_grad_enabled()):
            posterior = model.encode(shown).latent_dist
            noise = 0.0 if decoder_only else posterior.std * torch.randn_like(posterior.mean)
            latents = posterior.mean + noise
        decoded = model.decode(latents).sample
    error = decoded.float() - shown
    along, down = error.diff(dim=-1).abs().mean(), error.diff(dim=-2).abs().mean()
    loss = error.abs().mean() + along + down
    if not decoder_only:
        loss = loss + KL_WEIGHT * divergence(posterior)
    if perceptual:
        with torch.autocast(kind, torch.bfloat16):
            layers = layer_distances(decoded.float().clamp(-1.0, 1.0), shown)
        loss = loss + perceptual * sum(layer.float().mean() for layer in layers)
    return loss


def _decoding(model: AutoencoderKL) -> list[torch.nn.Parameter]:
    parts = [model.decoder, *([model.post_quant_conv] if model.post_quant_conv else [])]
    return [parameter for part in parts for parameter in part.parameters()]


@torch.no_grad()
def _latents(model: AutoencoderKL, dataset: Dataset, rows: np.ndarray) -> torch.Tensor:
    parts = np.array_split(rows, max(1, len(rows) // 20))
    with torch.autocast(model.device.type, torch.bfloat16):
        batches = (pictures(dataset, part).to(model.device) for part in parts)
        means = [model.encode(batch).latent_dist.mean for batch in batches]
    return torch.cat(means).float()


@torch.no_grad()
def reconstructions(shown: torch.Tensor, model: AutoencoderKL) -> Image.Image:
    """Pictures [B, 3, H, W] in one row, their reconstructions below."""
    with torch.autocast(model.device.type, torch.bfloat16):
        encoded = model.encode(shown.to(model.device)).latent_dist.mean
        decoded = model.decode(encoded).sample.float().cpu()
    rows = [torch.cat(list(part), dim=-1) for part in (shown, decoded)]
    joined = torch.cat(rows, dim=-2).permute(1, 2, 0)
    return Image.fromarray(((joined.clamp(-1, 1) + 1) * 127.5).round().byte().numpy())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", choices=sorted(found(PACKAGE, "MINI")), default="sd1")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="a trained vae folder to begin with")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--cool-from", type=int, default=0)
    parser.add_argument("--cool-steps", type=int, default=0)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--decoder-only", action="store_true")
    parser.add_argument("--perceptual", type=float, default=0.0)
    parser.add_argument("--crop", type=int, choices=(32, 64, IMAGE_PIXELS), default=64)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    schedule = Schedule(
        rate=arguments.rate,
        steps=arguments.steps,
        cool_from=arguments.cool_from,
        cool_steps=arguments.cool_steps,
    )
    with one_line_errors(parser):
        train(
            arguments.family,
            arguments.data,
            arguments.out,
            schedule,
            arguments.start,
            arguments.decoder_only,
            arguments.perceptual,
            arguments.crop,
            arguments.device,
        )


if __name__ == "__main__":
    main()
