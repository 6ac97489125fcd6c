"""`python -m sdqviz.minis.latents --data DIR --vae DIR --out FILE`

The latents of the rendered pictures, encoded once. Stopped and started again, it goes on; with more
pictures rendered, it adds theirs.
"""

import argparse
import os
from pathlib import Path

import torch
from diffusers import AutoencoderKL

from sdqviz.minis.commands import needed, one_line_errors
from sdqviz.minis.train_autoencoder import pictures
from sdqviz.minis.world.dataset import Dataset, open_dataset

_BATCH, _SAVE_EVERY = 20, 2000


@torch.no_grad()
def encode(model: AutoencoderKL, dataset: Dataset, rows: range) -> torch.Tensor:
    """The means of the posteriors as a denoiser sees them: float16 [N, C, 16, 16] on the CPU."""
    shift = model.config.get("shift_factor") or 0.0
    parts = []
    for start in range(rows.start, rows.stop, _BATCH):
        batch = pictures(dataset, range(start, min(start + _BATCH, rows.stop)))
        with torch.autocast(model.device.type, torch.bfloat16):
            mean = model.encode(batch.to(model.device)).latent_dist.mean.float().cpu()
        parts.append(((mean - shift) * model.config.scaling_factor).half())
    return torch.cat(parts)


def write_latents(data: Path, vae: Path, file: Path, device: str = "cpu") -> None:
    """Encodes what is rendered and not yet in the file."""
    needed(vae, "python -m sdqviz.minis.train_autoencoder")
    model = AutoencoderKL.from_pretrained(vae, local_files_only=True).float().eval()
    model = model.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    dataset = open_dataset(data)
    known = torch.load(file, weights_only=True) if file.exists() else None
    done = 0 if known is None else len(known)
    for start in range(done, len(dataset.captions), _SAVE_EVERY):
        rows = range(start, min(start + _SAVE_EVERY, len(dataset.captions)))
        new = encode(model, dataset, rows)
        known = new if known is None else torch.cat((known, new))
        partial = file.with_suffix(".partial")
        torch.save(known, partial)
        os.replace(partial, file)
        print(f"encoded {len(known)} of {len(dataset.captions)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vae", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with one_line_errors(parser):
        write_latents(arguments.data, arguments.vae, arguments.out, arguments.device)


if __name__ == "__main__":
    main()
