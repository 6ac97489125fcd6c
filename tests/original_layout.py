"""Test helper: a diffusers pipeline's weights under the names of the original checkpoints."""

from collections.abc import Mapping

import torch

State = dict[str, torch.Tensor]


def original_state(pipeline, family: str) -> State:
    state: State = {}
    if family == "sd3":
        state |= _under("model.diffusion_model.", _transformer(pipeline.transformer))
    else:
        state |= original_unet(pipeline.unet)
    levels = len(pipeline.vae.decoder.up_blocks)
    vae = {_vae(n, levels): _as_conv(n, t) for n, t in pipeline.vae.state_dict().items()}
    state |= _under("first_stage_model.", vae)
    one = _text(pipeline.text_encoder)
    two = _text(pipeline.text_encoder_2) if family in ("sdxl", "sd3") else {}
    if family == "sd1":
        state |= _under("cond_stage_model.transformer.", one)
    elif family == "sd2":
        state |= _under("cond_stage_model.model.", _open_clip(one))
    elif family == "sdxl":
        state |= _under("conditioner.embedders.0.transformer.", one)
        state |= _under("conditioner.embedders.1.model.", _open_clip(two))
    else:
        state |= _under("text_encoders.clip_l.transformer.", one)
        state |= _under("text_encoders.clip_g.transformer.", two)
    return {name: tensor.contiguous().clone() for name, tensor in state.items()}


def original_unet(network) -> State:
    places = unet_places(network.config)
    own = {_unet(name, places): tensor for name, tensor in network.state_dict().items()}
    return _under("model.diffusion_model.", own)


def _under(prefix: str, state: Mapping[str, torch.Tensor]) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


def _text(encoder) -> State:
    """With the text_model prefix, which transformers no longer gives every class."""
    plain = ("text_model.", "text_projection.")
    return {
        name if name.startswith(plain) else f"text_model.{name}": tensor
        for name, tensor in encoder.state_dict().items()
    }


def _open_clip(text: State) -> State:
    state: State = {}
    for name, tensor in text.items():
        name = name.removeprefix("text_model.")
        if ".q_proj." in name:
            parts = [text["text_model." + name.replace("q_proj", f"{p}_proj")] for p in "qkv"]
            name, tensor = name.replace("q_proj.", "in_proj_"), torch.cat(parts)
        elif ".k_proj." in name or ".v_proj." in name:
            continue
        elif name == "text_projection.weight":
            name, tensor = "text_projection", tensor.T
        for ours, theirs in (
            ("embeddings.position_embedding.weight", "positional_embedding"),
            ("embeddings.token_embedding", "token_embedding"),
            ("final_layer_norm", "ln_final"),
            ("encoder.layers", "transformer.resblocks"),
            ("layer_norm", "ln_"),
            ("self_attn", "attn"),
            ("fc1", "c_fc"),
            ("fc2", "c_proj"),
        ):
            name = name.replace(ours, theirs)
        state[name] = tensor
    return state


def _transformer(transformer) -> State:
    own = transformer.state_dict()
    last = f"transformer_blocks.{len(transformer.transformer_blocks) - 1}.norm1_context."
    state: State = {}
    for name, tensor in own.items():
        if name.endswith(("to_q.weight", "to_q.bias", "add_q_proj.weight", "add_q_proj.bias")):
            parts = [own[name.replace("_q", f"_{p}")] for p in "qkv"]
            name, tensor = name.replace("to_q", "qkv"), torch.cat(parts)
        elif any(f".{p}." in name for p in ("to_k", "to_v", "add_k_proj", "add_v_proj")):
            continue
        if name.startswith((last, "norm_out.")):
            tensor = torch.cat(tensor.chunk(2)[::-1])  # the original holds shift before scale
        for ours, theirs in (
            ("pos_embed.pos_embed", "pos_embed"),
            ("pos_embed.proj", "x_embedder.proj"),
            ("time_text_embed.timestep_embedder.linear_1", "t_embedder.mlp.0"),
            ("time_text_embed.timestep_embedder.linear_2", "t_embedder.mlp.2"),
            ("time_text_embed.text_embedder.linear_1", "y_embedder.mlp.0"),
            ("time_text_embed.text_embedder.linear_2", "y_embedder.mlp.2"),
            ("proj_out", "final_layer.linear"),
            ("norm_out.linear", "final_layer.adaLN_modulation.1"),
            ("transformer_blocks", "joint_blocks"),
            ("norm1.linear", "x_block.adaLN_modulation.1"),
            ("norm1_context.linear", "context_block.adaLN_modulation.1"),
            ("ff.net.0.proj", "x_block.mlp.fc1"),
            ("ff.net.2", "x_block.mlp.fc2"),
            ("ff_context.net.0.proj", "context_block.mlp.fc1"),
            ("ff_context.net.2", "context_block.mlp.fc2"),
            ("attn.qkv", "x_block.attn.qkv"),
            ("attn.add_q_proj", "context_block.attn.qkv"),
            ("attn.to_out.0", "x_block.attn.proj"),
            ("attn.to_add_out", "context_block.attn.proj"),
        ):
            name = name.replace(ours, theirs)
        state[name] = tensor
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


_FIXED = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}


def unet_places(config) -> dict[str, str]:
    """Our name of each part of a UNet of this config -> its name in the original layout, which
    counts all residual blocks, attentions and samplers of the way down, then of the way up.
    """
    places, layers = dict(_FIXED), config["layers_per_block"]
    number, levels = 1, len(config["block_out_channels"])
    for level, kind in enumerate(config["down_block_types"]):
        for layer in range(layers):
            ours, theirs = f"down_blocks.{level}", f"input_blocks.{number}"
            places[f"{ours}.resnets.{layer}"] = f"{theirs}.0"
            if "Attn" in kind:
                places[f"{ours}.attentions.{layer}"] = f"{theirs}.1"
            number += 1
        if level < levels - 1:
            places[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{number}.0.op"
            number += 1
    number = 0
    for level, kind in enumerate(config["up_block_types"]):
        for layer in range(layers + 1):
            ours, theirs = f"up_blocks.{level}", f"output_blocks.{number}"
            places[f"{ours}.resnets.{layer}"] = f"{theirs}.0"
            if "Attn" in kind:
                places[f"{ours}.attentions.{layer}"] = f"{theirs}.1"
            if layer == layers and level < levels - 1:
                place = 2 if "Attn" in kind else 1
                places[f"{ours}.upsamplers.0.conv"] = f"{theirs}.{place}.conv"
            number += 1
    return places


def _unet(name: str, places: Mapping[str, str]) -> str:
    for ours, theirs in places.items():
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
