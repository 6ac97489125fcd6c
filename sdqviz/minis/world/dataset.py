"""`python -m sdqviz.minis.world.dataset --out DIR --count 60000`

The training pictures, rendered once to a memory-mapped file. Stopped and started again with the
same arguments, it goes on.
"""

import argparse
import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sdqviz.minis.commands import needed
from sdqviz.minis.world.captions import Caption, training_captions
from sdqviz.minis.world.scenes import IMAGE_PIXELS, render

COUNT = 60_000
_CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """`pictures` uint8 [N, 128, 128, 3], memory-mapped, and a caption for each."""

    pictures: np.ndarray
    captions: list[Caption]


def write_dataset(folder: Path, count: int = COUNT, seed: int = 0, workers: int = 1) -> None:
    """Renders what is still missing of `count` pictures; picture i has scene seed i."""
    folder.mkdir(parents=True, exist_ok=True)
    captions = training_captions(count, seed)
    rows = [asdict(caption) for caption in captions]
    (folder / "captions.json").write_text(json.dumps(rows), encoding="utf-8")
    file, progress = folder / "pictures.u8", folder / "rendered.txt"
    done = int(progress.read_text()) if progress.exists() else 0
    shape = (count, IMAGE_PIXELS, IMAGE_PIXELS, 3)
    pictures = np.memmap(file, np.uint8, "r+" if file.exists() else "w+", shape=shape)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        for start in range(done, count, _CHUNK):
            rows_now = range(start, min(start + _CHUNK, count))
            jobs = [(captions[i], i) for i in rows_now]
            for i, picture in zip(rows_now, _rendered(pool, jobs), strict=True):
                pictures[i] = picture
            pictures.flush()
            progress.write_text(str(rows_now.stop))
            print(f"rendered {rows_now.stop} of {count}", flush=True)


def _rendered(pool: object, jobs: list[tuple[Caption, int]]) -> Iterator[np.ndarray]:
    yield from pool.imap(_render, jobs, chunksize=25)  # pyright: ignore[reportAttributeAccessIssue]


def _render(job: tuple[Caption, int]) -> np.ndarray:
    return np.asarray(render(*job))


def open_dataset(folder: Path) -> Dataset:
    """What is rendered so far."""
    progress = needed(folder / "rendered.txt", "python -m sdqviz.minis.world.dataset")
    count = int(progress.read_text())
    rows = json.loads((folder / "captions.json").read_text(encoding="utf-8"))
    shape = (len(rows), IMAGE_PIXELS, IMAGE_PIXELS, 3)
    pictures = np.memmap(folder / "pictures.u8", np.uint8, "r", shape=shape)
    captions = [Caption(**{**row, "names": tuple(row["names"])}) for row in rows]
    return Dataset(pictures=pictures[:count], captions=captions[:count])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    write_dataset(arguments.out, arguments.count, arguments.seed, arguments.workers)


if __name__ == "__main__":
    main()
