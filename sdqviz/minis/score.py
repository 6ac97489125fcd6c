"""`python -m sdqviz.minis.score DIR --json`: does the mini draw what its captions ask for?

On held-out captions, by a judge network trained on ideal pictures. Each share stands beside its
ceiling, which is the judge's on ideal held-out pictures. Diversity: mean ST-LPIPS between two
seeds, over the renderer's for the same captions. Nearest: the median difference to the nearest
training picture, beside that of ideal pictures; far below it, a model would copy.
"""

import argparse
import json
import statistics
from pathlib import Path

import numpy as np
from diffusers import DiffusionPipeline
from rich.console import Console
from rich.progress import track

from sdqviz.base.assets import assets_folder
from sdqviz.minis.card import write_card
from sdqviz.minis.commands import needed, one_line_errors
from sdqviz.minis.contract import open_pipeline
from sdqviz.minis.judge.ceiling import CAPTIONS, agreement
from sdqviz.minis.judge.network import Judge, open_judge
from sdqviz.minis.judge.variety import mean_distance, nearest_training_distance, rendered_pairs
from sdqviz.minis.world.captions import Caption, held_out_captions
from sdqviz.minis.world.scenes import render
from sdqviz.minis.world.sheet import GUIDANCE, draw

JUDGE = "judge/judge.safetensors"  # in the assets folder
_BATCH = 12
_PAIRS, _NEAREST = 60, 60


def score_folder(
    folder: Path, judge: Judge, count: int = CAPTIONS, guidance: float = GUIDANCE
) -> dict[str, float | int]:
    """Draws `count` held-out captions with the model in `folder` and scores them."""
    pipeline = open_pipeline(folder)
    captions = held_out_captions(count)
    pictures = _drawn(pipeline, captions, 0, guidance, "drawing")
    others = _drawn(pipeline, captions[:_PAIRS], count, guidance, "another seed")
    return score(judge, captions, pictures, others)


def score(
    judge: Judge, captions: list[Caption], pictures: list[np.ndarray], others: list[np.ndarray]
) -> dict[str, float | int]:
    """Pictures uint8 [128, 128, 3], one a caption; `others` are the first captions' with another
    seed.
    """
    ideal = [np.asarray(render(caption, index)) for index, caption in enumerate(captions)]
    found, ceiling = agreement(judge, pictures, captions), agreement(judge, ideal, captions)
    pairs = list(zip(pictures, others, strict=False))
    own, wanted = mean_distance(pairs), mean_distance(rendered_pairs(captions[: len(pairs)]))
    values: dict[str, float | int] = dict(found)
    values |= {f"{name}_ceiling": value for name, value in ceiling.items()}
    values |= {
        "judge": found["score"] / ceiling["score"],
        "diversity": own / wanted,
        "st_lpips_between_seeds": own,
        "nearest": _median_nearest(pictures, captions),
        "nearest_ideal": _median_nearest(ideal, captions),
    }
    return {**{name: round(value, 4) for name, value in values.items()}, "captions": len(captions)}


def _median_nearest(pictures: list[np.ndarray], captions: list[Caption]) -> float:
    pairs = zip(pictures[:_NEAREST], captions[:_NEAREST], strict=True)
    distances = [nearest_training_distance(picture, caption) for picture, caption in pairs]
    return statistics.median([d for d in distances if d is not None])


def _drawn(
    pipeline: DiffusionPipeline,
    captions: list[Caption],
    first_seed: int,
    guidance: float,
    label: str,
) -> list[np.ndarray]:
    pictures: list[np.ndarray] = []
    batches = range(0, len(captions), _BATCH)
    for start in track(batches, label, console=Console(stderr=True)):
        texts = [caption.text for caption in captions[start : start + _BATCH]]
        seeds = [first_seed + start + index for index in range(len(texts))]
        drawn = draw(pipeline, texts, seeds, guidance)
        pictures += [np.asarray(picture.convert("RGB")) for picture in drawn]
    return pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--captions", type=int, default=CAPTIONS)
    parser.add_argument("--guidance", type=float, default=GUIDANCE)
    parser.add_argument("--judge", type=Path, default=assets_folder() / JUDGE)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--card", action="store_true", help="write README.md and score.json")
    arguments = parser.parse_args()
    with one_line_errors(parser):
        needed(arguments.folder / "model_index.json", "python -m sdqviz.minis.train_denoiser")
        judge = open_judge(arguments.judge)
        result = score_folder(arguments.folder, judge, arguments.captions, arguments.guidance)
    if arguments.card:
        write_card(arguments.folder, result)
    if arguments.json:
        print(json.dumps(result))
        return
    print(
        f"judge {result['judge']:.3f} of its ceiling ({result['score']:.3f} of "
        f"{result['score_ceiling']:.3f}; whole pictures {result['whole']:.3f} of "
        f"{result['whole_ceiling']:.3f}), diversity {result['diversity']:.2f}, nearest training "
        f"picture {result['nearest']:.1f} (ideal {result['nearest_ideal']:.1f}) on "
        f"{result['captions']} held-out captions"
    )


if __name__ == "__main__":
    main()
