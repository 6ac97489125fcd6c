"""Test helper: a diffusers sd1 pipeline's weights under the names of the original v1 checkpoint.

Only as much of the published layout as the tiny test model has: one layer a block, two levels.
"""

import torch


def original_state(pipeline) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = {}
    for name, tensor in pipeline.unet.state_dict().items():
        state["model.diffusion_model." + _unet(name)] = tensor.contiguous()
    for name, tensor in pipeline.vae.state_dict().items():
        state["first_stage_model." + _vae(name, len(pipeline.vae.decoder.up_blocks))] = _as_conv(
            name, tensor
        ).contiguous()
    for name, tensor in pipeline.text_encoder.state_dict().items():
        plain = name if name.startswith("text_model.") else "text_model." + name
        state["cond_stage_model.transformer." + plain] = tensor.contiguous()
    return state


def _resnet(name: str) -> str:
    for ours, theirs in (
        ("norm1", "in_layers.0"),
        ("conv1", "in_layers.2"),
        ("time_emb_proj", "emb_layers.1"),
        ("norm2", "out_layers.0"),
        ("conv2", "out_layers.3"),
        ("conv_shortcut", "skip_connection"),
    ):
        name = name.replace(ours, theirs)
    return name


def _unet(name: str) -> str:
    fixed = {
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "conv_in": "input_blocks.0.0",
        "conv_norm_out": "out.0",
        "conv_out": "out.2",
        # level 0: resnet + attention, downsampler; level 1: resnet
        "down_blocks.0.resnets.0": "input_blocks.1.0",
        "down_blocks.0.attentions.0": "input_blocks.1.1",
        "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op",
        "down_blocks.1.resnets.0": "input_blocks.3.0",
        "mid_block.resnets.0": "middle_block.0",
        "mid_block.attentions.0": "middle_block.1",
        "mid_block.resnets.1": "middle_block.2",
        "up_blocks.0.resnets.0": "output_blocks.0.0",
        "up_blocks.0.resnets.1": "output_blocks.1.0",
        "up_blocks.0.upsamplers.0.conv": "output_blocks.1.1.conv",
        "up_blocks.1.resnets.0": "output_blocks.2.0",
        "up_blocks.1.attentions.0": "output_blocks.2.1",
        "up_blocks.1.resnets.1": "output_blocks.3.0",
        "up_blocks.1.attentions.1": "output_blocks.3.1",
    }
    for ours, theirs in fixed.items():
        if name.startswith(ours + "."):
            rest = name[len(ours) :]
            return theirs + (_resnet(rest) if ".resnets." in name else rest)
    raise KeyError(name)


def _vae(name: str, levels: int) -> str:
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = name.replace("mid_block.resnets.0", "mid.block_1")
    name = name.replace("mid_block.resnets.1", "mid.block_2")
    if "mid_block.attentions.0" in name:
        name = name.replace("mid_block.attentions.0", "mid.attn_1").replace("group_norm", "norm")
        for ours, theirs in (("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out")):
            name = name.replace(ours, theirs)
    name = name.replace("downsamplers.0", "downsample").replace("upsamplers.0", "upsample")
    name = name.replace("down_blocks.", "down.").replace("resnets.", "block.")
    if "up_blocks." in name:
        head, _, rest = name.partition("up_blocks.")
        level, _, tail = rest.partition(".")
        name = f"{head}up.{levels - 1 - int(level)}.{tail}"
    return name


def _as_conv(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """The original autoencoder's attention is made of 1 x 1 convolutions."""
    is_projection = "mid_block.attentions" in name and name.endswith("weight") and tensor.dim() == 2
    return tensor[:, :, None, None] if is_projection else tensor
