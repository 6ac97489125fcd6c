import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sdqviz.base.assets import assets_folder
from sdqviz.base.registry import found
from sdqviz.families.sources import minis
from sdqviz.minis.architecture import autoencoder_sd1
from sdqviz.minis.autoencoder import crop_batch, standardise_latents
from sdqviz.minis.captions import (
    COLOURS,
    NAMES,
    Caption,
    held_out_captions,
    is_held_out,
    training_captions,
)
from sdqviz.minis.contract import PACKAGE
from sdqviz.minis.denoiser import Denoiser
from sdqviz.minis.glyphs import glyph_file
from sdqviz.minis.retrieval import score
from sdqviz.minis.scenes import IMAGE_PIXELS, placements, render, to_array
from sdqviz.minis.sheet import generate
from sdqviz.minis.train import phase_seconds
from sdqviz.minis.training import Phase, run_phase
from sdqviz.minis.words import grammar_words, word_tokenizer


def test_the_grammar():
    assert Caption(names=("octopus",), colour="orange").text == (
        "an octopus on an orange background"
    )
    assert Caption(names=("key",), colour="red", size="large", position="top").text == (
        "a large key at the top on a red background"
    )
    assert Caption(names=("key", "octopus"), colour="red").text == (
        "a key and an octopus on a red background"
    )
    assert len(NAMES) >= 40
    assert len(COLOURS) >= 13


def test_held_out_combinations_are_never_trained_on():
    held_out = held_out_captions(240)
    assert len(held_out) == 240
    assert all(is_held_out(caption) for caption in held_out)
    training = training_captions(doubles=500)
    assert not any(is_held_out(caption) for caption in training)
    names = {name for caption in training for name in caption.names}
    assert names == set(NAMES)  # every name and colour is seen, in other combinations
    assert {caption.colour for caption in training} == set(COLOURS)


def test_glyphs_ship_and_stay_inside():
    for name in NAMES:
        with Image.open(glyph_file(name)) as picture:
            assert picture.size == (128, 128)
            assert picture.mode == "RGBA"
    for caption in held_out_captions(200):
        for placed in placements(caption):
            assert min(placed.box) >= 0
            assert max(placed.box) <= IMAGE_PIXELS
            assert placed.x % 8 == placed.y % 8 == 0


def test_ideal_pictures_score_one_and_wrong_ones_do_not():
    captions = held_out_captions(30)
    pictures = [to_array(render(caption)) for caption in captions]
    assert score(pictures, captions) == {"retrieval": 1.0, "colour": 1.0, "captions": 30}
    assert score(pictures[1:] + pictures[:1], captions)["retrieval"] < 0.4
    grey = [np.full_like(picture, 128) for picture in pictures]
    assert score(grey, captions)["colour"] < 0.4


def test_every_grammar_word_is_one_token_and_any_text_encodes():
    tokenizer = word_tokenizer()
    for word in grammar_words():
        assert len(tokenizer.tokenize(word)) == 1
    assert len(tokenizer("Zürich 42, \u2764!").input_ids) > 4
    assert tokenizer.model_max_length == 77


def test_standardised_latents_decode_to_the_same_pictures():
    torch.manual_seed(0)
    model = autoencoder_sd1()
    pictures = crop_batch(random.Random(0), 64, 4)
    with torch.no_grad():
        before = model.encode(pictures).latent_dist
        decoded = model.decode(before.mean).sample
        standardise_latents(model, before.mean)
        after = model.encode(pictures).latent_dist
        assert torch.allclose(after.mean.mean((0, 2, 3)), torch.zeros(4), atol=1e-5)
        assert torch.allclose(after.mean.std((0, 2, 3)), torch.ones(4), atol=1e-4)
        assert torch.allclose(model.decode(after.mean).sample, decoded, atol=1e-4)


def test_a_stopped_phase_goes_on_where_it_was(tmp_path):
    model = torch.nn.Linear(4, 4)
    steps = []

    def phase(seconds: float) -> Phase:
        return Phase(
            name="toy",
            seconds=seconds,
            parameters=model.parameters(),
            loss=lambda progress: model(torch.ones(1, 4)).square().mean(),
            state=model,
            after_step=steps.append,
        )

    run_phase(phase(0.3), tmp_path)
    first = len(steps)
    assert steps == list(range(1, first + 1))
    weights = model.weight.detach().clone()
    run_phase(phase(0.3), tmp_path)  # finished: nothing more happens
    assert len(steps) == first
    torch.nn.init.zeros_(model.weight)
    run_phase(phase(0.6), tmp_path)
    assert steps[first] == first + 1
    assert not torch.equal(model.weight, torch.zeros(4, 4))
    assert weights.shape == model.weight.shape


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


def test_the_mini_draws_what_it_is_asked():
    """A few captions with the shipped model, by diffusers alone."""
    from diffusers import StableDiffusionPipeline

    folder = assets_folder() / "models" / "mini-sd1"
    pipeline = StableDiffusionPipeline.from_pretrained(folder, local_files_only=True)
    captions = held_out_captions(12, seed=2)
    pictures = [to_array(p) for p in generate(pipeline, [c.text for c in captions])]
    result = score(pictures, captions)
    assert result["retrieval"] >= 0.5
    assert result["colour"] >= 0.75


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
    assert generate(pipeline, texts[:1])[0].size == (128, 128)


def test_a_borrowed_autoencoder_leaves_its_time_to_the_denoiser():
    own, borrowed = phase_seconds(MINIS["sd1"], 100), phase_seconds(MINIS["sd2"], 100)
    assert sum(own.values()) == pytest.approx(6000) == sum(borrowed.values())
    assert borrowed["denoiser"] + borrowed["composition"] == pytest.approx(6000)
    assert own["autoencoder"] + own["decoder"] == pytest.approx(
        6000 * MINIS["sd1"].autoencoder_share
    )
