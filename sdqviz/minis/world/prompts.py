"""`python -m sdqviz.minis.world.prompts`: writes `assets/prompts/scenes.json` anew.

The captions that runs of the minis use, split so that they never mix: calibrate and tune are
combinations that were trained on, held_out are not.
"""

import json

from sdqviz.base.assets import assets_folder
from sdqviz.minis.world.captions import held_out_captions, training_captions

COUNTS = {"calibrate": 200, "tune": 50, "held_out": 180}


def prompt_splits() -> dict[str, list[str]]:
    """The captions' texts by split, all different."""
    known = list(dict.fromkeys(caption.text for caption in training_captions(600, seed=7)))
    first, second = COUNTS["calibrate"], COUNTS["calibrate"] + COUNTS["tune"]
    held_out = [caption.text for caption in held_out_captions(COUNTS["held_out"], seed=7)]
    return {"calibrate": known[:first], "tune": known[first:second], "held_out": held_out}


def main() -> None:
    file = assets_folder() / "prompts" / "scenes.json"
    file.write_text(json.dumps(prompt_splits(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
