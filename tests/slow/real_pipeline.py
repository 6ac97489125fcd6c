"""Whole pipelines as they are published, with random weights and the real tokenizers.

    python -m tests.slow.real_pipeline FAMILY FOLDER [--reduced] [--hub] [--single FILE]

Every part has its published shape: both text encoders, the autoencoder, the network. --reduced
keeps all widths, so also the true conditioning, and cuts depths: one layer a block and one
transformer block where XL has 2 and 10, 2 of v3's 24, 2 of an encoder's layers. --hub lays around
it what the hub's folders hold: float16 twins, a whole checkpoint in the root, another framework's
file. v3 comes without T5, as it is run on one consumer card.

Weights are drawn part by part, scaled so that activations stay of order one: no picture, but the
real work, memory and layout.
"""

import argparse
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from safetensors.torch import load_file, save_file

from sdqviz.families.published import PUBLISHED
from tests.original_layout import original_state
from tests.slow.vocabularies import vocabulary

SHARD_BYTES = 2_000_000_000
REDUCED_LAYERS = 2  # of a text encoder and of v3's transformer


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A text encoder: its class, its config without what all CLIP encoders share, its tokenizer."""

    kind: str
    tokenizer: str  # of tests/slow/vocabularies.py
    config: dict[str, Any]


def _clip(
    kind: str, tokenizer: str, width: int, layers: int, heads: int, activation: str, **more: Any
) -> Encoder:
    return Encoder(
        kind=kind,
        tokenizer=tokenizer,
        config={
            **{"hidden_size": width, "intermediate_size": 4 * width, "hidden_act": activation},
            **{"num_hidden_layers": layers, "num_attention_heads": heads, "vocab_size": 49408},
            **{"bos_token_id": 49406, "eos_token_id": 49407, "pad_token_id": 1},
            **more,
        },
    )


_PLAIN, _PROJECTED = "CLIPTextModel", "CLIPTextModelWithProjection"
_L = ("clip", 768, 12, 12, "quick_gelu")
_BIG_G = _clip(_PROJECTED, "open_clip", 1280, 32, 20, "gelu", projection_dim=1280)
ENCODERS = {
    "sd1": (_clip(_PLAIN, *_L),),
    "sd2": (_clip(_PLAIN, "open_clip", 1024, 23, 16, "gelu"),),
    "sdxl": (_clip(_PLAIN, *_L), _BIG_G),
    "sd3": (_clip(_PROJECTED, *_L, projection_dim=768), _BIG_G),
}
_VAE: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "sample_size": 512,
}
VAE = {
    "sd1": {**_VAE, "scaling_factor": 0.18215},
    "sd2": {**_VAE, "scaling_factor": 0.18215, "sample_size": 768},
    "sdxl": {**_VAE, "scaling_factor": 0.13025, "sample_size": 1024, "force_upcast": True},
    "sd3": {
        **{**_VAE, "latent_channels": 16, "sample_size": 1024, "force_upcast": True},
        **{"scaling_factor": 1.5305, "shift_factor": 0.0609},
        **{"use_quant_conv": False, "use_post_quant_conv": False},
    },
}
_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
# As their scheduler_config.json say; v1-4's names no spacing, so other samplers take linspace.
SCHEDULER: dict[str, tuple[str, dict[str, Any]]] = {
    "sd1": (
        "PNDMScheduler",
        {**_BETAS, "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1},
    ),
    "sd2": (
        "DDIMScheduler",
        {
            **{**_BETAS, "clip_sample": False, "prediction_type": "v_prediction"},
            **{"set_alpha_to_one": False, "steps_offset": 1},
        },
    ),
    "sdxl": (
        "EulerDiscreteScheduler",
        {**_BETAS, "steps_offset": 1, "timestep_spacing": "leading", "use_karras_sigmas": False},
    ),
    "sd3": ("FlowMatchEulerDiscreteScheduler", {"shift": 3.0}),
}
PIPELINE = {
    "sd1": "StableDiffusionPipeline",
    "sd2": "StableDiffusionPipeline",
    "sdxl": "StableDiffusionXLPipeline",
    "sd3": "StableDiffusion3Pipeline",
}


def network_config(family: str, reduced: bool) -> dict[str, Any]:
    published = next(p for p in PUBLISHED if p.family == family)
    config = dict(published.config)
    if reduced and family == "sd3":
        config["num_layers"] = REDUCED_LAYERS
    elif reduced:
        config["layers_per_block"] = 1
        if family == "sdxl":
            config["transformer_layers_per_block"] = (1, 1, 1)
    return config


def save_real_pipeline(
    folder: Path, family: str, *, reduced: bool = False, dtype: torch.dtype = torch.float32
) -> Path:
    """Writes the family's pipeline part by part: no more than one is in memory. Shards of 2 GB."""
    published = next(p for p in PUBLISHED if p.family == family)
    part = "transformer" if family == "sd3" else "unet"
    kind, config = SCHEDULER[family]
    index: dict[str, Any] = {"_class_name": PIPELINE[family], "_diffusers_version": "0.6.0"}
    network = getattr(diffusers, published.network_class)
    parts: dict[str, tuple[str, Any, dict[str, Any]]] = {
        part: ("diffusers", network, network_config(family, reduced)),
        "vae": ("diffusers", diffusers.AutoencoderKL, VAE[family]),
    }
    for place, encoder in enumerate(ENCODERS[family]):
        tail = f"_{place + 1}" if place else ""
        layers = min(encoder.config["num_hidden_layers"], REDUCED_LAYERS if reduced else 99)
        own = {**encoder.config, "num_hidden_layers": layers}
        parts[f"text_encoder{tail}"] = ("transformers", getattr(transformers, encoder.kind), own)
        shutil.copytree(vocabulary(encoder.tokenizer), folder / f"tokenizer{tail}")
        index[f"tokenizer{tail}"] = ["transformers", "CLIPTokenizer"]
    for name, (library, own_kind, own) in parts.items():
        index[name] = [library, own_kind.__name__]
        _save_part(own_kind, own, folder / name, dtype)
    getattr(diffusers, kind)(**config).save_config(folder / "scheduler")
    index["scheduler"] = ["diffusers", kind]
    absent = {
        "sd1": ("safety_checker", "feature_extractor", "image_encoder"),
        "sd2": ("safety_checker", "feature_extractor", "image_encoder"),
        "sdxl": ("feature_extractor", "image_encoder"),
        "sd3": ("text_encoder_3", "tokenizer_3", "image_encoder", "feature_extractor"),
    }
    index |= {name: [None, None] for name in absent[family]}
    index |= {"requires_safety_checker": False} if family in ("sd1", "sd2") else {}
    (folder / "model_index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")
    return folder


def _save_part(kind: Any, config: dict[str, Any], folder: Path, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    with torch.device("meta"):
        if kind.__module__.startswith("transformers"):
            module = kind(kind.config_class(**config))
            module.config.architectures = [kind.__name__]
            module.config.save_pretrained(folder)
            stem = "model"
        else:
            module = kind(**config)
            module.save_config(folder)
            stem = "diffusion_pytorch_model"
    names = {name: tensor.shape for name, tensor in module.state_dict().items()}
    wanted = [n for n in names if not n.endswith("position_ids")]
    shards: list[dict[str, torch.Tensor]] = [{}]
    bytes_of = sum(names[n].numel() for n in wanted) * dtype.itemsize
    many = bytes_of > SHARD_BYTES
    places: dict[str, str] = {}
    count = 0
    for name in wanted:
        shards[-1][name] = _drawn(kind, config, name, names[name]).to(dtype)
        if many and sum(t.nbytes for t in shards[-1].values()) > SHARD_BYTES:
            count += 1
            _close(shards, folder, f"{stem}-{count:05d}", places)
    count += 1
    _close(shards, folder, f"{stem}-{count:05d}" if many else stem, places)
    if many:
        text = json.dumps({"metadata": {"total_size": bytes_of}, "weight_map": places})
        (folder / f"{stem}.safetensors.index.json").write_text(text, encoding="utf-8")


def _close(shards: list, folder: Path, stem: str, places: dict[str, str]) -> None:
    name = f"{stem}.safetensors"
    save_file(shards[-1], folder / name, {"format": "pt"})
    places.update(dict.fromkeys(shards[-1], name))
    shards[-1] = {}


def _drawn(kind: Any, config: dict[str, Any], name: str, shape: torch.Size) -> torch.Tensor:
    if name == "pos_embed.pos_embed":  # v3's is computed, not learned
        from diffusers.models.embeddings import get_2d_sincos_pos_embed

        side = int(config["pos_embed_max_size"])
        base = int(config["sample_size"]) // int(config["patch_size"])
        table = get_2d_sincos_pos_embed(shape[-1], side, base_size=base, output_type="pt")
        return table.float().unsqueeze(0)
    if len(shape) > 1:
        scale = 0.02 if "embedding" in name else shape[1:].numel() ** -0.5
        return torch.randn(shape) * scale
    return torch.zeros(shape) if name.endswith("bias") else torch.ones(shape)


def lay_the_hub_around(folder: Path, family: str) -> Path:
    """What a published folder holds beside its pipeline: float16 twins, a root checkpoint, a file
    of another framework.
    """
    for file in sorted(folder.glob("*/*.safetensors")):
        stem, _, number = file.stem.partition("-")
        twin = f"{stem}.fp16-{number}" if number else f"{stem}.fp16"
        halves = {name: tensor.half() for name, tensor in load_file(file).items()}
        save_file(halves, file.with_name(f"{twin}.safetensors"), {"format": "pt"})
    for index in sorted(folder.glob("*/*.safetensors.index.json")):
        text = index.read_text(encoding="utf-8")
        for stem in ("diffusion_pytorch_model", "model"):
            text = text.replace(f'"{stem}-', f'"{stem}.fp16-')
        stem = index.name.split(".")[0]
        index.with_name(f"{stem}.safetensors.index.fp16.json").write_text(text, encoding="utf-8")
    save_single_file(folder, family, folder / f"{family}-pruned.safetensors")
    (folder / "vae" / "diffusion_flax_model.msgpack").write_bytes(b"x" * 1000)
    return folder


def save_single_file(folder: Path, family: str, file: Path) -> Path:
    """The folder's pipeline in float16 as one file in the original layout."""
    kind = getattr(diffusers, PIPELINE[family])
    absent = {"text_encoder_3": None, "tokenizer_3": None} if family == "sd3" else {}
    pipeline = kind.from_pretrained(
        folder, use_safetensors=True, local_files_only=True, dtype=torch.float16, **absent
    )
    save_file(original_state(pipeline, family), file)
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family", choices=sorted(PIPELINE))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reduced", action="store_true")
    parser.add_argument("--hub", action="store_true")
    parser.add_argument("--single", type=Path)
    given = parser.parse_args()
    save_real_pipeline(given.folder, given.family, reduced=given.reduced)
    if given.hub:
        lay_the_hub_around(given.folder, given.family)
    if given.single:
        save_single_file(given.folder, given.family, given.single)


if __name__ == "__main__":
    main()
