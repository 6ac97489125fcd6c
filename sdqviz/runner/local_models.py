"""Models that lie on this machine beside the minis: in the hub's cache, and in the data folder."""

from pathlib import Path

from sdqviz.base.errors import SdqvizError
from sdqviz.families.loading import family_named

MODELS_FOLDER = "models"  # inside the data folder: put or link diffusers folders there


def local_models(home: Path) -> list[dict[str, str]]:
    """{name, family} of every whole pipeline of a family that sdqviz knows."""
    from huggingface_hub.constants import HF_HUB_CACHE

    cached = sorted(Path(HF_HUB_CACHE).glob("models--*--*"))
    names = [folder.name.removeprefix("models--").replace("--", "/") for folder in cached]
    names += [str(p.parent) for p in sorted((home / MODELS_FOLDER).glob("*/model_index.json"))]
    found = []
    for name in names:
        try:
            found.append({"name": name, "family": family_named(name).name})
        except SdqvizError:
            continue  # a language model, a broken download: not to be offered
    return found
