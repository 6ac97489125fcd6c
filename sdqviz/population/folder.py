"""The folder of a comparison: `fp/000000.png`, `w4a8/000000.png`, and `comparison.json`, which
says what it is of. Plain files, so that any other tool can score them too.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from sdqviz.base.errors import SdqvizError
from sdqviz.base.reading import read_json_object
from sdqviz.base.scene import Scene
from sdqviz.base.writing import clear_partials, own_partial, partial_file

FP, QUANTIZED = "fp", "w4a8"
SIDES = (FP, QUANTIZED)
_MANIFEST = "comparison.json"


@dataclass(frozen=True)
class Pictures:
    """The final pictures of `scenes`, as far as they are drawn."""

    folder: Path
    scenes: tuple[Scene, ...]

    def file(self, side: str, index: int) -> Path:
        return self.folder / side / f"{index:06d}.png"

    def missing(self, share: int = 0, shares: int = 1) -> list[tuple[str, int]]:
        """The pictures that one of `shares` processes has yet to draw, scene by scene."""
        return [
            (side, index)
            for index in range(share, len(self.scenes), shares)
            for side in SIDES
            if not self.file(side, index).exists()
        ]

    def drawn(self) -> int:
        """How many pictures of both sides are there."""
        return len(SIDES) * len(self.scenes) - len(self.missing())

    def keep(self, side: str, index: int, picture: np.ndarray) -> None:
        """uint8 [H, W, 3], whole or not at all."""
        file = self.file(side, index)
        with partial_file(own_partial(file), file) as partial:
            Image.fromarray(picture).save(partial, "PNG")

    def read(self, side: str, index: int) -> np.ndarray:
        """uint8 [H, W, 3]. Raises SdqvizError for a file that is no whole picture."""
        file = self.file(side, index)
        try:
            with Image.open(file) as opened:
                return np.asarray(opened.convert("RGB"))
        except (OSError, UnidentifiedImageError, SyntaxError) as error:
            raise SdqvizError(
                f"{file} is no whole picture: {error}", "delete it and run the command again"
            ) from error


def open_pictures(folder: Path, about: dict[str, Any], scenes: tuple[Scene, ...]) -> Pictures:
    """A new or unfinished comparison's folder. One of other models, scenes or settings is refused.

    `about` is JSON: what the pictures depend on besides the scenes.
    """
    manifest = folder / _MANIFEST
    said = {**about, "scenes": [scene.as_dict() for scene in scenes]}
    if manifest.exists():
        before = _read(manifest)
        differing = [key for key in said if before.get(key) != said[key]]
        more = "scenes" in differing and _begins(said["scenes"], before.get("scenes"))
        if differing and not (more and differing == ["scenes"]):
            raise SdqvizError(
                f"{folder} holds another comparison: its {', '.join(differing)} differ",
                "give another --out, or repeat the command that began it",
            )
    elif folder.exists() and any(folder.iterdir()):
        raise SdqvizError(
            f"{folder} is not empty and holds no comparison", "give an empty or new folder"
        )
    for side in SIDES:
        (folder / side).mkdir(parents=True, exist_ok=True)
    for place in (folder, *(folder / side for side in SIDES)):
        clear_partials(place)
    with partial_file(own_partial(manifest), manifest) as partial:
        partial.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return Pictures(folder, scenes)


def _begins(longer: list[Any], shorter: Any) -> bool:
    """Whether a comparison goes on with more scenes than it had."""
    return isinstance(shorter, list) and longer[: len(shorter)] == shorter


def _read(manifest: Path) -> dict[str, Any]:
    return read_json_object(manifest, "give another --out")
