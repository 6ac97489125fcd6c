"""The scenes of a run, split into calibrate, tune and held-out prompts that never mix."""

import json

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.base.keys import seed_from
from sdqviz.base.scene import MAX_SEED, Scene
from sdqviz.families.contract import Family

CALIBRATE, TUNE, HELD_OUT = "calibrate", "tune", "held_out"
# The minis' data has one picture a caption: more guidance overshoots it.
MINI_GUIDANCE = 2.0


def is_mini(model: str) -> bool:
    return model.startswith("mini-")


def prompt_set(model: str) -> str:
    """Emoji captions for the minis, everyday pictures for all others."""
    return "emoji" if is_mini(model) else "general"


def usual_guidance(model: str, family: Family) -> float:
    return MINI_GUIDANCE if is_mini(model) else family.guidance


def prompts(name: str, split: str) -> list[str]:
    file = assets_folder() / "prompts" / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8"))[split]


def scenes(
    model: str,
    split: str,
    count: int,
    *,
    steps: int,
    scheduler: str,
    guidance: float,
    start: int = 0,
) -> list[Scene]:
    """`count` scenes of one split from number `start` on; prompts repeat with new seeds when
    they run out.
    """
    texts = prompts(prompt_set(model), split)
    if not texts:
        raise SdqvizError(f"no {split} prompts for {model}", "add some to assets/prompts")
    found = []
    for index in range(start, start + count):
        again, place = divmod(index, len(texts))
        found.append(
            Scene(
                prompt=texts[place],
                seed=seed_from(split, texts[place], again) % (MAX_SEED + 1),
                steps=steps,
                scheduler=scheduler,
                guidance=guidance,
            )
        )
    return found
