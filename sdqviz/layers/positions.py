"""SD3's table of position embeddings: computed from the config, so not stored.

For v3 medium it has 56.6 M numbers, a fifth of the packed file's size.
"""

import torch
from torch import nn

NAME = "pos_embed.pos_embed"


def position_table(network: nn.Module) -> torch.Tensor | None:
    """The sinusoidal table that the network's config implies: float32 [1, N^2, D]; None for a
    network without one.
    """
    module = getattr(network, "pos_embed", None)
    if module is None or getattr(module, "pos_embed_max_size", None) is None:
        return None
    config = network.config
    with torch.device("cpu"):
        fresh = type(module)(
            height=config["sample_size"],
            width=config["sample_size"],
            patch_size=config["patch_size"],
            in_channels=config["in_channels"],
            embed_dim=config["num_attention_heads"] * config["attention_head_dim"],
            pos_embed_max_size=config["pos_embed_max_size"],
        )
    return fresh.pos_embed


def implied_dtype(network: nn.Module) -> str | None:
    """float32 or float16 when the network's own table is the implied one, maybe rounded by a
    half-precision checkpoint; None when it has none or another.
    """
    table = position_table(network)
    if table is None:
        return None
    own = network.get_buffer(NAME).cpu().to(torch.float32)
    if torch.equal(own, table):
        return "float32"
    return "float16" if torch.equal(own, table.to(torch.float16).to(torch.float32)) else None
