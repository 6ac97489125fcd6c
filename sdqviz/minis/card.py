"""The model card of a mini: what it is, how it was made, how well it draws."""

import json
import math
from pathlib import Path
from typing import Any

from safetensors import safe_open

from sdqviz.base.registry import named
from sdqviz.minis.contract import PACKAGE, Mini
from sdqviz.minis.train_denoiser import BATCH, RATE
from sdqviz.minis.world.dataset import COUNT
from sdqviz.minis.world.sheet import GUIDANCE, STEPS
from sdqviz.minis.world.vocabulary import COLOURS, NAMES, PATTERNS, PLACES

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

Held-out captions, one a row, with six seeds each: {steps} steps of its own sampler, guidance
{guidance:g}.

## Use

```python
from diffusers import DiffusionPipeline

{opening}  # this folder
pipeline("a large rocket on a cloudy navy background", guidance_scale={guidance}).images[0]
```

## What it understands

- `a|an [small|large] NAME [POSITION] on a|an [PATTERN] COLOUR background`
- `a|an [small|large] NAME [POSITION] PLACE`
- `a|an NAME and a|an NAME on ... background` or `... PLACE` (left, then right)

POSITION: on the left, on the right, at the top, at the bottom; none means the centre.

PATTERN: {patterns}; none means plain.

PLACE: {places}.

NAME: {names}.

COLOUR: {colours}.

What a caption leaves open belongs to the seed: shaded or flat, mirrored or not, the turn, the exact
size and place, the light, the pattern's phase, the view.

Anything else is outside its world: it will draw something, but not what was meant.

## Score

On {captions} captions whose (names, ground, position) was kept out of training, read by a judge
network that was trained on ideal pictures; the ceiling is what it reads in ideal held-out pictures.

| | this model | ceiling |
|---|---|---|
| names | {values[names]} | {values[names_ceiling]} |
| ground or place | {values[ground]} | {values[ground_ceiling]} |
| colour | {values[colour]} | {values[colour_ceiling]} |
| position | {values[position]} | {values[position_ceiling]} |
| their mean | {values[score]} | {values[score_ceiling]} |
| all right in one picture | {values[whole]} | {values[whole_ceiling]} |

Judge score, relative to its ceiling: **{values[judge]}**. Diversity (mean ST-LPIPS between two
seeds, over the renderer's for the same captions): **{values[diversity]}**. Difference to the
nearest training picture: {values[nearest]} of 255, for ideal pictures {values[nearest_ideal]}.
Command: `python -m sdqviz.minis.score DIR --json`.

## Training

Denoiser and text encoders: {objective}, on cached latents, AdamW {rate:g}, batch {batch}, averaged
weights, 10 % empty captions, bfloat16. Autoencoder: L1 + L1 of gradients + 1e-4 KL, its latents
standardised.

Data: {count} scenes composed by a renderer from pictures of Fluent Emoji 3D (MIT) and of the Noto
Color Emoji font (SIL Open Font License 1.1), on coloured grounds and in panoramas of Poly Haven
(CC0). A tenth of all (names, ground, position) combinations was kept out. Commands:
`python -m sdqviz.minis.world.dataset`, `.train_autoencoder`, `.latents`, `.train_denoiser`.
"""


def write_card(folder: Path, measured: dict[str, Any]) -> None:
    """Writes README.md and score.json into the model's folder, which is named mini-FAMILY."""
    name = folder.resolve().name
    mini: Mini = named(PACKAGE, "MINI", name.removeprefix("mini-"))
    parts = sorted({file.parent for file in folder.glob("*/*.safetensors")})
    parameters = {part.name: stored_parameters(part) for part in parts}
    given = f'"{name}"'
    if mini.name == "sd3":  # diffusers wants to hear that the T5 encoder is absent
        given = f"\n    {given}, text_encoder_3=None, tokenizer_3=None\n"
    card = _CARD.format(
        name=name,
        about=mini.about,
        opening=f"pipeline = DiffusionPipeline.from_pretrained({given})",
        parameters=sum(parameters.values()) / 1e6,
        network=parameters.get("unet", parameters.get("transformer", 0)) / 1e6,
        steps=STEPS,
        guidance=GUIDANCE,
        names=", ".join(NAMES),
        colours=", ".join(COLOURS),
        patterns=", ".join(PATTERNS[1:]),
        places=", ".join(PLACES.values()),
        objective=(mini.objective.__doc__ or "").strip().split(", weighted")[0].split(" on ")[0],
        rate=RATE,
        batch=BATCH,
        count=COUNT,
        captions=measured["captions"],
        values=measured,
    )
    (folder / "README.md").write_text(card, encoding="utf-8")
    (folder / "score.json").write_text(json.dumps(measured) + "\n", encoding="utf-8")


def stored_parameters(folder: Path) -> int:
    """Numbers in the folder's safetensors files."""
    total = 0
    for file in folder.glob("*.safetensors"):
        with safe_open(file, framework="pt") as opened:
            total += sum(math.prod(opened.get_slice(k).get_shape()) for k in opened.keys())  # noqa: SIM118
    return total
