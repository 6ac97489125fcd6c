"""The model card of a mini: what it is, how it was made, how well it draws."""

import json
from pathlib import Path
from typing import Any

from sdqviz.minis.captions import COLOURS, NAMES

_CARD = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: text-to-image
tags: [stable-diffusion, emoji, sdqviz, tiny]
---

# {name}

A complete Stable Diffusion v1 pipeline in miniature: CLIP text encoder, UNet with cross
attention, f8 autoencoder, epsilon prediction, 128 x 128 pixels, {parameters:.1f} M parameters in
all (UNet {unet:.1f} M). It exists so that quantization can be seen at work on a laptop, in seconds,
without a download.

![samples](samples.png)

Held-out captions, 25 PNDM steps, guidance 2. More guidance overshoots: the data has one picture a
caption.

## Use

```python
from diffusers import StableDiffusionPipeline

pipeline = StableDiffusionPipeline.from_pretrained("{name}")  # this folder
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
combinations was kept out. Command: `python -m sdqviz.minis.train --family sd1 --out DIR`.
"""

_TRAINING = (
    "Autoencoder: L1 + L1 of gradients + 1e-4 KL, AdamW 1e-3, on crops of 32, 64, 128 pixels;\n"
    "its latents are standardised per channel. UNet and text encoder: epsilon MSE with min-SNR-5\n"
    "weights on cached latents, AdamW 1e-3 with linear decay, batch 48, EMA, 10 % empty captions;\n"
    "a last eighth at 5e-4 adds captions that name no colour, on random backgrounds, so that\n"
    "positions do not hang on (name, colour) pairs. The decoder alone also trained on, at the\n"
    "encoder's fixed latents. All on 2 CPU cores in bfloat16, in about two hours."
)


def write_card(folder: Path, measured: dict[str, Any], parameters: dict[str, int]) -> None:
    """Writes README.md and score.json into the model's folder."""
    card = _CARD.format(
        name=folder.resolve().name,
        parameters=sum(parameters.values()) / 1e6,
        unet=parameters["unet"] / 1e6,
        names=", ".join(NAMES),
        colours=", ".join(COLOURS),
        count=len(NAMES),
        training=_TRAINING,
        **measured,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    (folder / "score.json").write_text(json.dumps(measured) + "\n", encoding="utf-8")
