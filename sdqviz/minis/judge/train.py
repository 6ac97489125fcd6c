"""`python -m sdqviz.minis.judge.train --data DIR --out DIR --steps N`

Trains the judge on the rendered pictures, with some blur, noise and another brightness, so that it
also reads pictures that are not quite ideal. Stopped and started again with the same arguments, it
goes on. At the last step it writes `DIR/judge.safetensors` (the averaged weights) and prints its
accuracy on ideal held-out pictures.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from sdqviz.minis.commands import one_line_errors
from sdqviz.minis.judge.ceiling import ideal_accuracy
from sdqviz.minis.judge.labels import targets
from sdqviz.minis.judge.network import Judge, save_judge
from sdqviz.minis.loop import Loop, Schedule, frozen_copy, run
from sdqviz.minis.world.dataset import Dataset, open_dataset
from sdqviz.minis.world.scenes import generator, scene

BATCH = 48
RATE = 1.5e-3


def batch(dataset: Dataset, step: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Pictures float32 [B, 3, 128, 128] in [-1, 1] and int64 [B] per head."""
    rng = generator("judge", step)
    rows = rng.integers(len(dataset.captions), size=BATCH)
    pixels = torch.from_numpy(np.stack([dataset.pictures[row] for row in rows]))
    pictures = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    captions = [dataset.captions[row] for row in rows]
    styles = [scene(c, int(row)).style for c, row in zip(captions, rows, strict=True)]
    wanted = targets(captions, styles)
    return _disturbed(pictures), {head: torch.from_numpy(v) for head, v in wanted.items()}


def _disturbed(pictures: torch.Tensor) -> torch.Tensor:
    """Half of them blurred a little, all with some noise and another brightness and contrast:
    what an autoencoder does to a picture is no mistake of its model.
    """
    count = len(pictures)
    blurred = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    share = torch.rand(count, 1, 1, 1) * (torch.rand(count, 1, 1, 1) < 0.5)
    mixed = pictures.lerp(blurred, share)
    contrast = 1.0 + 0.1 * torch.randn(count, 1, 1, 1)
    brightness = 0.05 * torch.randn(count, 1, 1, 1)
    noise = 0.06 * torch.rand(count, 1, 1, 1) * torch.randn_like(pictures)
    return (mixed * contrast + brightness + noise).clamp(-1.0, 1.0)


def train(data: Path, out: Path, schedule: Schedule) -> dict[str, float]:
    """The accuracy on ideal held-out pictures, by head and in all."""
    torch.manual_seed(0)
    dataset = open_dataset(data)
    live = Judge().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    average = frozen_copy(live)

    def loss(step: int) -> torch.Tensor:
        pictures, wanted = batch(dataset, step)
        with torch.autocast("cpu", torch.bfloat16):
            logits = live(pictures)
        losses = [F.cross_entropy(logits[h].float(), wanted[h], ignore_index=-100) for h in logits]
        return torch.stack(losses).sum()

    run(
        Loop(
            live=live,
            average=average,
            trainable=live.parameters(),
            loss=loss,
            schedule=schedule,
            file=out / "judge.pt",
            weight_decay=0.05,
        )
    )
    save_judge(average, out / "judge.safetensors")
    return ideal_accuracy(average)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--cool-from", type=int, default=2500)
    parser.add_argument("--cool-steps", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    schedule = Schedule(
        rate=arguments.rate,
        steps=arguments.steps,
        cool_from=arguments.cool_from,
        cool_steps=arguments.cool_steps,
    )
    with one_line_errors(parser):
        print(json.dumps(train(arguments.data, arguments.out, schedule)))


if __name__ == "__main__":
    main()
