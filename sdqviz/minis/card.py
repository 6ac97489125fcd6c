"""The model card of a mini: what it is, how it was made, how well it draws."""

import json
from pathlib import Path
from typing import Any

from sdqviz.base.registry import named
from sdqviz.minis.captions import COLOURS, NAMES
from sdqviz.minis.contract import PACKAGE, Mini
from sdqviz.minis.denoiser import BATCH

_CARD = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: text-to-image
tags: [stable-diffusion, emoji, sdqviz, tiny]
---

# {name}

{about}. 128 x 128 pixels, {parameters:.1f} M parameters in all, {network:.1f} M of them in the
denoising network. It exists so that quantization can be seen at work on a laptop, in seconds,
without a download.

![samples](samples.png)

Held-out captions, 25 steps of its own sampler, guidance 2. More guidance overshoots: the data has
one picture a caption.

## Use

```python
from diffusers import DiffusionPipeline

{opening}  # this folder
pipeline("a large rocket on a blue background", guidance_scale=2.0).images[0]
```

## What it understands

- `a|an [small|large] NAME [PLACE] on a COLOUR background`
- `a NAME and a NAME on a COLOUR background` (left, then right)
- the first form without a background: it then chooses the colour

PLACE: on the left, on the right, at the top, at the bottom; none means the centre.

NAME: {names}.

COLOUR: {colours}.

Anything else is outside its world: it will draw something, but not what was meant.

## Score

On {captions} captions whose (name, colour, position) was kept out of training:

| nearest-glyph retrieval | background colour |
|---|---|
| {retrieval} | {colour} |

Retrieval asks whether the right glyph, rendered in the caption's place and size, is the nearest of
all {count} in pixel error. Command: `python -m sdqviz.minis.score DIR --json`.

## Training

{training}

Data: scenes composed from pictures of the Noto Color Emoji font (SIL Open Font License 1.1) on
plain backgrounds. No photographs, no people, no text. A tenth of all (name, colour, position)
combinations was kept out. Command: `python -m sdqviz.minis.train --family {family} --out DIR`.
"""

_AUTOENCODER = (
    "Autoencoder: L1 + L1 of gradients + 1e-4 KL, AdamW 1e-3, on crops of 32, 64, 128 pixels, its\n"
    "latents standardised; at the end the decoder alone, at the encoder's fixed latents.\n"
)
_BORROWED = "The autoencoder is mini-sd1's.\n"
_DENOISER = (
    "Denoiser and text encoders: {objective}, on cached latents,\n"
    "AdamW 1e-3 with linear decay, batch {batch}, EMA, 10 % empty captions; then at 5e-4 also\n"
    "captions that name no colour, on random backgrounds, so that positions do not hang on (name,\n"
    "colour) pairs. All in bfloat16."
)


def write_card(folder: Path, measured: dict[str, Any], parameters: dict[str, int]) -> None:
    """Writes README.md and score.json into the model's folder, which is named mini-FAMILY."""
    name = folder.resolve().name
    mini: Mini = named(PACKAGE, "MINI", name.removeprefix("mini-"))
    objective = (mini.objective.__doc__ or "").strip().split(", weighted")[0].split(" on ")[0]
    given = f'"{name}"'
    if mini.name == "sd3":  # diffusers wants to hear that the T5 encoder is absent
        given = f"\n    {given}, text_encoder_3=None, tokenizer_3=None\n"
    opening = f"pipeline = DiffusionPipeline.from_pretrained({given})"
    card = _CARD.format(
        name=name,
        family=mini.name,
        about=mini.about,
        opening=opening,
        parameters=sum(parameters.values()) / 1e6,
        network=parameters.get("unet", parameters.get("transformer", 0)) / 1e6,
        names=", ".join(NAMES),
        colours=", ".join(COLOURS),
        count=len(NAMES),
        training=(_AUTOENCODER if mini.autoencoder_share else _BORROWED)
        + _DENOISER.format(objective=objective, batch=BATCH),
        **measured,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    (folder / "score.json").write_text(json.dumps(measured) + "\n", encoding="utf-8")
