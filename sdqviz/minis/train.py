"""`python -m sdqviz.minis.train --family sd1 --device cpu --minutes 117 --out DIR`

Trains a mini model from nothing: autoencoder, then denoiser and text encoder on cached latents
(at the end also on captions that name no colour), then the decoder alone. Stopped and started
again with the same --out, it goes on.
"""

import argparse
import json
import random
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DiffusionPipeline

from sdqviz.base.registry import found, named
from sdqviz.minis.autoencoder import (
    crop_batch,
    curriculum,
    reconstruction_loss,
    standardise_latents,
)
from sdqviz.minis.captions import Caption, training_captions, unnamed_scenes
from sdqviz.minis.contract import PACKAGE, Mini
from sdqviz.minis.denoiser import Background, Denoiser, draw_batch, encode_scenes
from sdqviz.minis.scenes import IMAGE_PIXELS
from sdqviz.minis.sheet import sample_sheet
from sdqviz.minis.training import Phase, run_phase
from sdqviz.minis.words import word_tokenizer

# Of the autoencoder's time, and of the rest.
AUTOENCODER_SHARES = {"autoencoder": 0.84, "decoder": 0.16}
DENOISER_SHARES = {"denoiser": 0.8, "composition": 0.2}
DOUBLES, UNNAMED = 6000, 4000
DENOISER_MIX = {"single": 0.65, "double": 0.35}
# Trained on named colours alone, the model ties positions to (name, colour) pairs it has seen.
COMPOSITION_MIX = {"single": 0.4, "double": 0.2, "unnamed": 0.4}


def train(family: str, device: str, minutes: float, out: Path, seed: int = 0) -> Path:
    """Trains the family's mini for about `minutes` and saves it as a diffusers folder in `out`."""
    mini: Mini = named(PACKAGE, "MINI", family)
    work = out / ".train"
    work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    seconds = phase_seconds(mini, minutes)

    vae = mini.autoencoder().to(device)

    def autoencoder_loss(progress: float) -> torch.Tensor:
        pictures = crop_batch(_python_random(), *curriculum(progress))
        return reconstruction_loss(vae, pictures.to(device))

    if mini.autoencoder_share:
        run_phase(
            Phase(
                name="autoencoder",
                seconds=seconds["autoencoder"],
                parameters=vae.parameters(),
                loss=autoencoder_loss,
                state=vae,
            ),
            work,
        )
    named_captions = training_captions(doubles=DOUBLES, seed=seed)
    scenes: list[tuple[Caption, Background]] = [(caption, None) for caption in named_captions]
    unnamed: list[tuple[Caption, Background]] = list(unnamed_scenes(UNNAMED, seed))
    if mini.autoencoder_share:
        standardise_latents(vae, encode_scenes(vae, scenes[::20]).to(device))
    latents = torch.cat(
        (
            _cached_latents(work / "latents.pt", vae, scenes),
            _cached_latents(work / "unnamed.pt", vae, unnamed),
        )
    ).to(device)
    captions = named_captions + [caption for caption, _ in unnamed]

    tokenizer = word_tokenizer()
    denoiser = Denoiser(mini, tokenizer).to(device)

    def pipeline() -> DiffusionPipeline:
        return mini.pipeline(vae, denoiser.average, tokenizer)

    for name, mix, rate in (
        ("denoiser", DENOISER_MIX, 1e-3),
        ("composition", COMPOSITION_MIX, 5e-4),
    ):

        def denoiser_loss(progress: float, mix: dict[str, float] = mix) -> torch.Tensor:
            return denoiser.loss(*draw_batch(latents, captions, mix, _python_random()))

        run_phase(
            Phase(
                name=name,
                seconds=seconds[name],
                parameters=denoiser.trainable(),
                loss=denoiser_loss,
                state=denoiser,
                learning_rate=rate,
                after_step=denoiser.update_average,
                on_save=lambda: sample_sheet(pipeline()).save(out / "samples.png"),
            ),
            work,
        )

    def decoder_loss(progress: float) -> torch.Tensor:
        pixels, count = (64, 10) if progress < 0.5 else (IMAGE_PIXELS, 4)
        pictures = crop_batch(_python_random(), pixels, count).to(device)
        return reconstruction_loss(vae, pictures, train_encoder=False)

    if mini.autoencoder_share:
        decoding = [vae.decoder, *([vae.post_quant_conv] if vae.post_quant_conv else [])]
        run_phase(
            Phase(
                name="decoder",
                seconds=seconds["decoder"],
                parameters=[p for part in decoding for p in part.parameters()],
                loss=decoder_loss,
                state=vae,
                learning_rate=5e-4,
            ),
            work,
        )
    finished = pipeline()
    finished.to("cpu", torch.float16).save_pretrained(out, safe_serialization=True)
    for config in out.glob("*/config.json"):
        _tidy(config)
    sample_sheet(finished.to("cpu", torch.float32)).save(out / "samples.png")
    return out


def phase_seconds(mini: Mini, minutes: float) -> dict[str, float]:
    """How the time is shared; a mini with a borrowed autoencoder gives it all to the denoiser."""
    own, total = mini.autoencoder_share, minutes * 60
    return {
        **{name: share * own * total for name, share in AUTOENCODER_SHARES.items()},
        **{name: share * (1.0 - own) * total for name, share in DENOISER_SHARES.items()},
    }


def _tidy(config: Path) -> None:
    """Drops where a part was loaded from here. transformers loads in the dtype that its config
    names, diffusers in float32: makes them agree.
    """
    values = json.loads(config.read_text(encoding="utf-8"))
    values.pop("_name_or_path", None)
    if config.parent.name.startswith("text_encoder"):
        values["dtype"] = "float32"
    config.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _python_random() -> random.Random:
    """Python randomness drawn from torch's state, which the checkpoint holds."""
    return random.Random(int(torch.randint(2**31, (1,))))


def _cached_latents(
    file: Path, vae: AutoencoderKL, scenes: list[tuple[Caption, Background]]
) -> torch.Tensor:
    if not file.exists():
        print(f"encoding {len(scenes)} scenes", flush=True)
        torch.save(encode_scenes(vae, scenes), file)
    return torch.load(file, weights_only=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", choices=sorted(found(PACKAGE, "MINI")), default="sd1")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--minutes", type=float, default=117.0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    train(**vars(arguments))


if __name__ == "__main__":
    main()
