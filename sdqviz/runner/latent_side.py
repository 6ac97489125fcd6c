"""How large a run's pictures are, for what they cost."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdqviz.families.sources import read_json


def latent_side(configs: Path, network: Mapping[str, Any], settings: Mapping[str, Any]) -> int:
    """The side of the square latents with as many places as those of the run: of its `width` and
    `height` in pixels, the network's own where they are 0. configs: the pipeline's folder.
    """
    own = network.get("sample_size") or 64
    high, wide = own if isinstance(own, list | tuple) else (own, own)
    blocks = read_json(configs / "vae" / "config.json").get("block_out_channels", [0] * 4)
    scale = 2 ** (len(blocks) - 1)  # as diffusers' pipelines reckon it
    high = int(settings.get("height") or 0) / scale or high
    wide = int(settings.get("width") or 0) / scale or wide
    return max(1, round(math.sqrt(high * wide)))
