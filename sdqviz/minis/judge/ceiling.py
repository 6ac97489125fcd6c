"""Reading pictures against their captions, and how well that goes with ideal ones: the ceiling."""

import numpy as np

from sdqviz.minis.judge.labels import NOTHING, asked
from sdqviz.minis.judge.network import Judge, read
from sdqviz.minis.world.captions import Caption, held_out_captions
from sdqviz.minis.world.scenes import render

CAPTIONS = 240
SCORED = ("names", "ground", "colour", "position")


def agreement(
    judge: Judge, pictures: list[np.ndarray], captions: list[Caption]
) -> dict[str, float]:
    """Shares of what the captions ask for that the judge reads in the pictures.

    `names`, `ground`, `colour` and `position` by property (`names` counts each asked object),
    `score` their mean, `whole` the pictures in which every property is right.
    """
    hits: dict[str, list[bool]] = {name: [] for name in (*SCORED, "whole")}
    for answer, caption in zip(read(judge, pictures), captions, strict=True):
        wanted = asked(caption)
        right = {head: answer[head] == value for head, value in wanted.items()}
        hits["names"] += [right[h] for h in ("left", "right") if wanted[h] != NOTHING]
        for head in ("ground", "colour", "position"):
            hits[head] += [right[head]] if head in right else []
        hits["whole"].append(all(right.values()))
    shares = {name: float(np.mean(values)) for name, values in hits.items() if values}
    return {**shares, "score": float(np.mean([shares[n] for n in SCORED if n in shares]))}


def ideal_accuracy(judge: Judge, count: int = CAPTIONS) -> dict[str, float]:
    """The same for ideal renders of `count` held-out captions: what a perfect model would get."""
    captions = held_out_captions(count)
    pictures = [np.asarray(render(caption, index)) for index, caption in enumerate(captions)]
    return agreement(judge, pictures, captions)
