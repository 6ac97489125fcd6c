"""`sdqviz compare --count N`: many scenes, final pictures alone, paired scores and set scores."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sdqviz.base import events
from sdqviz.base.errors import SdqvizError
from sdqviz.base.keys import seed_from
from sdqviz.base.scene import MAX_SEED, Scene
from sdqviz.families import sources
from sdqviz.metrics.contract import available, can_judge, unavailable
from sdqviz.metrics.intervals import median_interval
from sdqviz.metrics.sets.contract import SetMetric, set_metrics, too_few
from sdqviz.population.draw import Models, See, draw_all
from sdqviz.population.folder import FP, SIDES, Pictures, open_pictures
from sdqviz.population.scores import Scores
from sdqviz.runner.models import ModelCache

BATCH = 16  # pictures a call of a backbone
MOST_SCENES = 100_000


def scenes_of(prompts: Sequence[str], count: int, **settings: Any) -> tuple[Scene, ...]:
    """`count` scenes, each with a seed of its own; prompts repeat when they run out."""
    return tuple(
        Scene(
            prompt=prompts[index % len(prompts)],
            seed=seed_from("population", prompts[index % len(prompts)], index) % (MAX_SEED + 1),
            **settings,
        )
        for index in range(count)
    )


def compare_scenes(
    models: Models,
    scenes: tuple[Scene, ...],
    out: Path,
    devices: Sequence[str],
    lpips_net: str,
    see: See,
) -> dict[str, Any]:
    """Draws and scores; after a stop the same call goes on.

    Returns {count, out, metrics: paired medians with intervals, sets: set scores, refused and
    unavailable: why others have no number}.
    """
    keys = {
        "fp": ModelCache.key(sources.find(models.model, models.model_config), "", models.dtype),
        "quantized": ModelCache.key(sources.find(models.other), "", models.dtype),
    }
    pictures = open_pictures(out, {**asdict(models), "keys": keys}, scenes)
    draw_all(pictures, models, devices, see)
    count, refused, missing, sets = len(scenes), {}, {}, []
    for name, metric in set_metrics().items():
        if few := too_few(metric, count):
            refused[name] = few
        elif absent := metric.unavailable():
            missing[name] = absent
        else:
            sets.append(metric)
    return {
        "count": count,
        "out": str(out),
        "metrics": paired(pictures, lpips_net, see),
        "sets": score_sets(pictures, sets, devices[0], see),
        "refused": refused,
        "unavailable": {**unavailable(lpips_net), **missing},
    }


def paired(pictures: Pictures, lpips_net: str, see: See) -> dict[str, dict[str, Any]]:
    """Per metric of two pictures the median over scenes and its 95 % interval."""
    known, kept = available(lpips_net), Scores.of(pictures)
    found: dict[str, list[float]] = {}
    for index, scene in enumerate(pictures.scenes):
        row = kept.row(scene)
        lacking = {name: m for name, m in known.items() if m.label not in row}
        if lacking:
            pair = [pictures.read(side, index) for side in SIDES]
            judging = {n: m for n, m in lacking.items() if can_judge(m, pair[0])}
            kept.add(scene, {m.label: m.score(*pair) for m in judging.values()})
        for name, metric in known.items():
            if metric.label in kept.row(scene):
                found.setdefault(name, []).append(kept.row(scene)[metric.label])
        see(events.Progress(stage="score", done=index + 1, total=len(pictures.scenes)))
    return {
        name: {
            "label": known[name].label,
            "median": float(np.median(values)),
            "interval": median_interval(values, name),
            "direction": known[name].direction,
            "settings": known[name].settings,
        }
        for name, values in found.items()
    }


def score_sets(
    pictures: Pictures, wanted: Sequence[SetMetric], device: str, see: See
) -> dict[str, dict[str, Any]]:
    """Each backbone is loaded once and sees every picture once."""
    features: dict[str, dict[str, np.ndarray]] = {side: {} for side in SIDES}
    for metric in wanted:
        if metric.name in features[FP]:
            continue  # it shares the backbone of one before
        extractor = metric.extractor(device)
        for side in SIDES:
            parts: dict[str, list[np.ndarray]] = {}
            for batch, prompts in _batches(pictures, side):
                for name, rows in extractor(batch, prompts).items():
                    parts.setdefault(name, []).append(rows)
                done = sum(map(len, next(iter(parts.values()))))
                stage = f"{extractor.kind} {side}"
                see(events.Progress(stage=stage, done=done, total=len(pictures.scenes)))
            features[side] |= {name: np.concatenate(rows) for name, rows in parts.items()}
    fp, quantized = (features[side] for side in SIDES)
    return {
        m.name: {
            "label": m.label,
            "direction": m.direction,
            "settings": m.settings,
            **m.score(fp[m.name], quantized[m.name]),
        }
        for m in wanted
    }


def _batches(pictures: Pictures, side: str) -> Iterator[tuple[torch.Tensor, list[str]]]:
    """Pictures uint8 [B, 3, H, W] of one size with their prompts, in the scenes' order."""
    count = len(pictures.scenes)
    for start in range(0, count, BATCH):
        rows = range(start, min(start + BATCH, count))
        shown = [pictures.read(side, index) for index in rows]
        if len({picture.shape for picture in shown}) > 1:
            raise SdqvizError(
                f"the pictures {start} to {rows[-1]} of {pictures.folder} differ in size",
                "delete those of another size and run the command again",
            )
        stacked = torch.from_numpy(np.stack(shown)).permute(0, 3, 1, 2).contiguous()
        yield stacked, [pictures.scenes[index].prompt for index in rows]
