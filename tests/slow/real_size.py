"""A pipeline folder whose denoising network has the published size, with random weights.

The text encoders and the autoencoder are as small as their outputs' widths allow. The network is
written in shards, tensor by tensor, so that making it needs little memory.
"""

import json
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from sdqviz.families.published import PUBLISHED
from sdqviz.minis.architecture import scheduler_sd1
from sdqviz.minis.words import word_tokenizer
from tests.tiny import autoencoder

SHARD_BYTES = 500_000_000


def save_real_size(folder: Path, family: str, latent_side: int) -> Path:
    """latent_side: of the pictures that the folder draws when nothing else is asked."""
    torch.manual_seed(0)
    published = next(p for p in PUBLISHED if p.family == family)
    config = {**published.config, "sample_size": latent_side}
    _shell(family, config).save_pretrained(folder)
    for file in (folder / "unet").iterdir():
        file.unlink()
    with torch.device("meta"):
        network = getattr(diffusers, published.network_class)(**config)
    network.save_config(folder / "unet")
    _save_shards(network, folder / "unet")
    return folder


def _save_shards(network: torch.nn.Module, folder: Path) -> None:
    shard: dict[str, torch.Tensor] = {}
    places: dict[str, str] = {}
    count = 0

    def close() -> None:
        nonlocal shard, count
        count += 1
        name = f"diffusion_pytorch_model-{count:05d}.safetensors"
        save_file(shard, folder / name)
        places.update(dict.fromkeys(shard, name))
        shard = {}

    for name, parameter in network.named_parameters():
        shard[name] = _random(name, parameter.shape).to(torch.float16)
        if sum(t.nbytes for t in shard.values()) > SHARD_BYTES:
            close()
    close()
    index = {"metadata": {}, "weight_map": places}
    file = folder / "diffusion_pytorch_model.safetensors.index.json"
    file.write_text(json.dumps(index), encoding="utf-8")


def _random(name: str, shape: torch.Size) -> torch.Tensor:
    if len(shape) > 1:
        return torch.randn(shape) / shape[1:].numel() ** 0.5
    return torch.zeros(shape) if name.endswith("bias") else torch.ones(shape)


def _shell(family: str, config: dict[str, Any]) -> Any:
    """The pipeline around the network, with a network of its config's kind but tiny."""
    tokenizer = word_tokenizer()
    common = {
        "vae": autoencoder(4),
        "tokenizer": tokenizer,
        "unet": diffusers.UNet2DConditionModel(
            block_out_channels=(8, 8),
            down_block_types=("DownBlock2D",) * 2,
            up_block_types=("UpBlock2D",) * 2,
            norm_num_groups=4,
            layers_per_block=1,
        ),
    }
    if family == "sd1":
        return StableDiffusionPipeline(
            text_encoder=CLIPTextModel(_text(tokenizer, config["cross_attention_dim"])),
            scheduler=scheduler_sd1(),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
            **common,
        )
    return StableDiffusionXLPipeline(
        text_encoder=CLIPTextModel(_text(tokenizer, 768)),
        text_encoder_2=CLIPTextModelWithProjection(_text(tokenizer, 1280)),
        tokenizer_2=tokenizer,
        scheduler=EulerDiscreteScheduler.from_config(dict(scheduler_sd1().config)),
        add_watermarker=False,
        **common,
    )


def _text(tokenizer: Any, width: int) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=64,
        projection_dim=width,
        num_hidden_layers=1,
        num_attention_heads=4,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
