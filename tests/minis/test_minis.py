import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sdqviz.base.assets import assets_folder
from sdqviz.base.registry import found
from sdqviz.families.sources import minis
from sdqviz.minis.architecture import autoencoder_sd1
from sdqviz.minis.autoencoder import standardise_latents
from sdqviz.minis.contract import PACKAGE
from sdqviz.minis.denoiser import Denoiser
from sdqviz.minis.words import word_tokenizer
from sdqviz.minis.world.captions import held_out_captions
from sdqviz.minis.world.scenes import render
from sdqviz.minis.world.sheet import draw


def test_standardised_latents_decode_to_the_same_pictures():
    torch.manual_seed(0)
    model = autoencoder_sd1()
    shown = [np.asarray(render(caption, 0)) for caption in held_out_captions(4)]
    pictures = torch.from_numpy(np.stack(shown)).permute(0, 3, 1, 2) / 127.5 - 1.0
    with torch.no_grad():
        before = model.encode(pictures).latent_dist
        decoded = model.decode(before.mean).sample
        standardise_latents(model, before.mean)
        after = model.encode(pictures).latent_dist
        assert torch.allclose(after.mean.mean((0, 2, 3)), torch.zeros(4), atol=1e-5)
        assert torch.allclose(after.mean.std((0, 2, 3)), torch.ones(4), atol=1e-4)
        assert torch.allclose(model.decode(after.mean).sample, decoded, atol=1e-4)


@pytest.mark.parametrize("name", sorted(minis()))
def test_shipped_models_are_small_whole_and_scored(name):
    folder = minis()[name]
    files = [p for p in folder.rglob("*") if p.is_file() and ".train" not in p.parts]
    assert sum(p.stat().st_size for p in files) <= 17_000_000
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "retrieval" in card
    assert (folder / "samples.png").is_file()
    configs = [p.read_text(encoding="utf-8") for p in folder.glob("*/config.json")]
    assert not any("_name_or_path" in text for text in configs)  # a path of the training machine
    measured = json.loads((folder / "score.json").read_text())
    assert measured["captions"] >= 200
    assert str(measured["retrieval"]) in card
    assert measured["retrieval"] >= 0.7
    assert measured["colour"] >= 0.95


def test_notice_names_the_font():
    notice = Path(assets_folder() / "NOTICE").read_text(encoding="utf-8")
    assert "Noto Color Emoji" in notice
    assert "SIL Open Font License" in notice


MINIS = found(PACKAGE, "MINI")


@pytest.mark.parametrize("family", sorted(MINIS))
def test_every_family_has_a_mini_that_learns_and_draws(family):
    """A few steps: the conditioning of training is the one of its own pipeline."""
    mini, tokenizer = MINIS[family], word_tokenizer()
    torch.manual_seed(0)
    denoiser = Denoiser(mini, tokenizer)
    vae = mini.autoencoder()
    latents = torch.randn(4, vae.config.latent_channels, 16, 16)
    texts = [caption.text for caption in held_out_captions(4)]
    optimiser = torch.optim.Adam(denoiser.trainable(), lr=5e-4)
    losses = []
    for _ in range(6):
        torch.manual_seed(1)  # the same noise each time, so that learning shows
        loss = denoiser.loss(latents, texts)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    pipeline = mini.pipeline(vae, denoiser.average.eval(), tokenizer)
    tokens = tokenizer(
        texts[:1], padding="max_length", truncation=True, return_tensors="pt"
    ).input_ids
    with torch.no_grad():
        own = mini.condition(denoiser.average, tokens)["encoder_hidden_states"]
        extra = (None, None) if family == "sd3" else ()
        theirs = pipeline.encode_prompt(
            texts[0],
            *extra,
            device="cpu",
            num_images_per_prompt=1,
            do_classifier_free_guidance=True,
        )[0]
    assert torch.allclose(own, theirs, atol=1e-5)
    parameters = sum(p.numel() for p in [*denoiser.average.parameters(), *vae.parameters()])
    assert 2 * parameters < (24e6 if family == "sd1" else 10.7e6)
    assert draw(pipeline, texts[:1], [0])[0].size == (128, 128)
