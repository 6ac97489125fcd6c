"""The whole road in small: render, autoencoder, latents, denoiser, a folder for diffusers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from sdqviz.metrics.st_lpips import layer_distances
from sdqviz.minis.architecture import autoencoder_sd1
from sdqviz.minis.card import write_card
from sdqviz.minis.contract import open_pipeline
from sdqviz.minis.judge.network import Judge
from sdqviz.minis.judge.train import batch
from sdqviz.minis.latents import write_latents
from sdqviz.minis.loop import Schedule
from sdqviz.minis.score import score
from sdqviz.minis.train_autoencoder import loss_of, object_crops, pictures
from sdqviz.minis.train_autoencoder import train as train_autoencoder
from sdqviz.minis.train_denoiser import train as train_denoiser
from sdqviz.minis.world.captions import held_out_captions
from sdqviz.minis.world.dataset import open_dataset, write_dataset
from sdqviz.minis.world.scenes import render, scene
from sdqviz.minis.world.sheet import COLUMNS, ROWS, draw, sheet_captions


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the commands make, of a few steps each."""
    folder = tmp_path_factory.mktemp("road")
    write_dataset(folder / "data", count=24)
    steps = Schedule(rate=1e-3, steps=3)
    train_autoencoder("sd1", folder / "data", folder, steps)
    write_latents(folder / "data", folder / "vae", folder / "latents.pt")
    arguments = (folder / "latents.pt", folder / "vae", folder / "mini-sd1")
    train_denoiser("sd1", folder / "data", *arguments, steps, 0.0, places=True, compiled=False)
    return folder


def test_latents_are_standard_and_made_once(road: Path):
    latents = torch.load(road / "latents.pt", weights_only=True)
    assert latents.shape == (24, 4, 16, 16)
    assert latents.dtype == torch.float16
    assert latents.float().mean((0, 2, 3)).abs().max() < 0.05
    assert latents.float().std((0, 2, 3)) == pytest.approx(np.ones(4), abs=0.05)
    torch.save(latents[:20], road / "part.pt")
    write_latents(road / "data", road / "vae", road / "part.pt")
    again = torch.load(road / "part.pt", weights_only=True)
    assert torch.equal(again[:20], latents[:20])
    assert torch.allclose(again.float(), latents.float(), atol=0.05)


def test_the_decoder_goes_on_with_a_fixed_encoder(road: Path):
    steps = Schedule(rate=0.1, steps=2)  # the first steps of the rise are small
    train_autoencoder("sd1", road / "data", road, steps, decoder_only=True)
    one, other = (_weights(road / name) for name in ("vae", "vae-decoder"))
    same = {name for name in one if torch.equal(one[name], other[name])}
    assert {name for name in one if name.startswith(("encoder", "quant_conv"))} <= same
    assert not any("decoder.mid_block" in name and "conv" in name for name in same)


def test_a_decoder_learns_by_st_lpips_too_and_leaves_the_encoder_alone(road: Path):
    torch.manual_seed(0)
    shown = pictures(open_dataset(road / "data"), [3, 4])
    model = autoencoder_sd1()
    plain, sharp = loss_of(model, shown, True), loss_of(model, shown, True, perceptual=0.5)
    assert plain < sharp < plain + 1.0
    sharp.backward()
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
    assert model.decoder.conv_out.weight.grad.abs().max() > 0.0
    ideal = sum(layer.mean() for layer in layer_distances(shown, shown))
    assert ideal == 0.0


def test_crops_are_windows_at_an_object_on_the_latents_grid(road: Path):
    dataset, rng = open_dataset(road / "data"), np.random.default_rng(0)
    rows = np.array([0, 1, 2, 3])
    found = object_crops(dataset, rows, 64, rng)
    assert found.shape == (4, 3, 64, 64) and found.min() >= -1.0 and found.max() <= 1.0
    for row, crop in zip(rows, found, strict=True):
        whole = pictures(dataset, [row])[0]
        corners = [
            (top, left)
            for top in range(0, 65, 8)
            for left in range(0, 65, 8)
            if torch.equal(whole[:, top : top + 64, left : left + 64], crop)
        ]
        assert corners
        placed = scene(dataset.captions[row], int(row)).placements
        assert any(
            top <= 128 * p.y <= top + 64 and left <= 128 * p.x <= left + 64
            for p in placed
            for top, left in corners
        )


def test_the_folder_opens_as_a_pipeline_and_draws(road: Path):
    pipeline = open_pipeline(road / "mini-sd1" / "mini")
    drawn = draw(pipeline, ["a fox in the park", "a key on a red background"], [1, 2], steps=2)
    assert [picture.size for picture in drawn] == [(128, 128)] * 2
    again = draw(pipeline, ["a fox in the park"], [1], steps=2)[0]
    assert np.abs(np.asarray(again, float) - np.asarray(drawn[0], float)).max() <= 1.0


def test_an_autoencoder_learns_the_pictures(road: Path):
    dataset = open_dataset(road / "data")
    state = torch.load(road / "autoencoder.pt", weights_only=True)
    assert state["step"] == 3
    shown = pictures(dataset, [0, 1])
    assert shown.shape == (2, 3, 128, 128)
    assert torch.equal(((shown[1].permute(1, 2, 0) + 1) * 127.5).round().byte(), _bytes(dataset, 1))
    torch.manual_seed(0)
    model = autoencoder_sd1()
    optimiser, losses = torch.optim.Adam(model.parameters(), lr=1e-3), []
    for _ in range(5):
        torch.manual_seed(1)
        loss = loss_of(model, shown, decoder_only=False)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_the_judges_batches_hold_pictures_and_answers(road: Path):
    shown, wanted = batch(open_dataset(road / "data"), 0)
    assert shown.min() >= -1.0
    assert shown.max() <= 1.0
    assert all(len(values) == len(shown) for values in wanted.values())
    again, _ = batch(open_dataset(road / "data"), 1)
    assert not torch.equal(shown, again)


def test_a_perfect_mini_scores_its_ceiling_and_its_card_says_so(road: Path):
    """Ideal pictures in the model's stead: whatever the judge knows, they reach the ceiling."""
    torch.manual_seed(0)
    captions = held_out_captions(8)
    ideal = [np.asarray(render(caption, i)) for i, caption in enumerate(captions)]
    others = [np.asarray(render(caption, 100 + i)) for i, caption in enumerate(captions)]
    measured = score(Judge().eval(), captions, ideal, others)
    assert measured["captions"] == 8
    assert measured["score"] == measured["score_ceiling"]
    assert measured["nearest"] == measured["nearest_ideal"] > 3.0
    assert 0.6 < measured["diversity"] < 1.6
    same = score(Judge().eval(), captions, ideal, ideal)
    assert same["diversity"] == 0.0
    folder = (road / "mini-sd1" / "mini").rename(road / "mini-sd1" / "mini-sd1")
    write_card(folder, {**measured, "judge": 1.0})
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"**{measured['diversity']}**" in card
    assert "on a|an [PATTERN] COLOUR background" in card
    assert "Predicts" not in card
    folder.rename(road / "mini-sd1" / "mini")


def test_a_sheet_shows_held_out_captions_a_third_in_places():
    captions = sheet_captions()
    assert len(captions) == ROWS
    assert sum(bool(caption.place) for caption in captions) == 3
    assert not any(caption.place for caption in sheet_captions(places=False))
    assert COLUMNS >= 4


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "diffusion_pytorch_model.safetensors")


def _bytes(dataset, row: int) -> torch.Tensor:
    return torch.from_numpy(np.asarray(Image.fromarray(dataset.pictures[row])).copy())
