"""`python -m sdqviz.minis.train_denoiser --data DIR --latents FILE --vae DIR --out DIR`

Trains a mini's denoiser and text encoders (`--family`) on cached latents. Stopped and started again
with the same arguments, it goes on; with more `--steps`, further. Every `--sheet-minutes` a sample
sheet of the averaged weights is drawn (`DIR/sheet-STEP.png`); at the last step the whole pipeline
is saved to `DIR/mini`.
"""

import argparse
import copy
import json
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DiffusionPipeline

from sdqviz.base.registry import found, named
from sdqviz.minis.commands import needed, one_line_errors
from sdqviz.minis.contract import PACKAGE, Mini
from sdqviz.minis.denoiser import Denoiser
from sdqviz.minis.loop import Loop, Schedule, run
from sdqviz.minis.words import word_tokenizer
from sdqviz.minis.world.captions import grammar_words
from sdqviz.minis.world.dataset import open_dataset
from sdqviz.minis.world.scenes import generator
from sdqviz.minis.world.sheet import sample_sheet

BATCH = 32
RATE = 1e-3
CAPTION_DROPOUT = 0.1


def train(
    family: str,
    data: Path,
    latents_file: Path,
    vae_folder: Path,
    out: Path,
    schedule: Schedule,
    sheet_minutes: float,
    places: bool,
    compiled: bool,
    device: str = "cpu",
) -> None:
    """Trains to the schedule's last step; without `places` on coloured grounds alone."""
    torch.manual_seed(0)
    mini: Mini = named(PACKAGE, "MINI", family)
    tokenizer = word_tokenizer(grammar_words())
    denoiser = Denoiser(mini, tokenizer).to(device)
    needed(vae_folder, "python -m sdqviz.minis.train_autoencoder")
    vae = AutoencoderKL.from_pretrained(vae_folder, local_files_only=True).float().eval()
    latents = torch.load(needed(latents_file, "python -m sdqviz.minis.latents"), weights_only=True)
    captions = open_dataset(data).captions[: len(latents)]
    usable = torch.tensor([i for i, c in enumerate(captions) if places or not c.place])
    out.mkdir(parents=True, exist_ok=True)
    if compiled:
        denoiser.live["denoiser"].compile()

    def loss(step: int) -> torch.Tensor:
        rng = generator("denoiser", step)
        rows = usable[torch.from_numpy(rng.integers(len(usable), size=BATCH))]
        empty = rng.random(BATCH) < CAPTION_DROPOUT
        texts = [
            "" if left_out else captions[row].text
            for row, left_out in zip(rows.tolist(), empty, strict=True)
        ]
        return denoiser.loss(latents[rows].to(device).float(), texts)

    def pipeline() -> DiffusionPipeline:
        average = copy.deepcopy(denoiser.average).cpu()  # drawn and saved from the CPU
        return mini.pipeline(vae, average, tokenizer)

    drawn = time.monotonic()

    def show(step: int) -> None:
        nonlocal drawn
        if sheet_minutes and time.monotonic() - drawn >= 60 * sheet_minutes:
            sample_sheet(pipeline(), places).save(out / f"sheet-{step:07d}.png")
            drawn = time.monotonic()

    run(
        Loop(
            live=denoiser.live,
            average=denoiser.average,
            trainable=denoiser.trainable(),
            loss=loss,
            schedule=schedule,
            file=out / "denoiser.pt",
            on_save=show,
        )
    )
    save_mini(pipeline(), out / "mini")


def save_mini(pipeline: DiffusionPipeline, folder: Path) -> None:
    """A diffusers folder in float16, free of paths of this machine."""
    pipeline.to("cpu", torch.float16).save_pretrained(folder, safe_serialization=True)
    for config in folder.glob("*/config.json"):
        values = json.loads(config.read_text(encoding="utf-8"))
        values.pop("_name_or_path", None)
        if config.parent.name.startswith("text_encoder"):
            # transformers loads in the dtype that its config names, diffusers in float32.
            values["dtype"] = "float32"
        config.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", choices=sorted(found(PACKAGE, "MINI")), default="sd1")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--latents", type=Path, required=True)
    parser.add_argument("--vae", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--cool-from", type=int, default=0)
    parser.add_argument("--cool-steps", type=int, default=0)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--sheet-minutes", type=float, default=20.0, help="0: no sheets")
    parser.add_argument("--grounds-only", action="store_true", help="no pictures in places")
    parser.add_argument("--compile", action="store_true", help="torch.compile the denoiser")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with one_line_errors(parser):
        train(
            arguments.family,
            arguments.data,
            arguments.latents,
            arguments.vae,
            arguments.out,
            Schedule(
                rate=arguments.rate,
                steps=arguments.steps,
                cool_from=arguments.cool_from,
                cool_steps=arguments.cool_steps,
            ),
            arguments.sheet_minutes,
            not arguments.grounds_only,
            arguments.compile,
            arguments.device,
        )


if __name__ == "__main__":
    main()
