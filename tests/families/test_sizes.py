"""Sizes and pictures that a family cannot draw are refused in one line."""

import pytest
import torch

from sdqviz.base.errors import SdqvizError
from sdqviz.base.scene import Scene
from sdqviz.families.loading import load
from sdqviz.metrics.contract import score_all
from tests.tiny import FAMILIES, save_tiny_model


@pytest.fixture(scope="module", params=FAMILIES)
def model(request, tmp_path_factory):
    return load(str(save_tiny_model(tmp_path_factory.mktemp("sizes") / "m", request.param)))


def shape(model, width, height):
    scene = Scene(prompt="a key", width=width, height=height)
    return model.family.latent_shape(model, scene)


def test_a_size_that_the_network_cannot_draw_is_named_with_one_that_fits(model):
    assert shape(model, 96, 64)[1:] == (8, 12)
    if model.family.name != "sd3":
        assert shape(model, 8, 8)[1:] == (1, 1)
        return
    with pytest.raises(SdqvizError, match=r"width is 72, sd3 draws multiples of 16.*use 64"):
        shape(model, 72, 64)
    with pytest.raises(SdqvizError, match=r"height is 8.*use 16"):
        shape(model, 64, 8)
    with pytest.raises(SdqvizError, match=r"width is 1024, this model draws at most 192"):
        shape(model, 1024, 64)


@pytest.mark.parametrize("family", ["sd1"])
def test_pictures_too_small_for_a_window_have_no_score_of_it(family):
    picture = torch.zeros(8, 8, 3, dtype=torch.uint8).numpy()
    assert "ssim" not in score_all(picture, picture)
    assert score_all(picture, picture)["psnr"] == 100


def test_a_picture_that_is_not_finite_is_refused_and_says_why(model):
    latents = torch.zeros(shape(model, 64, 64))
    with pytest.raises(SdqvizError, match="sampled latents are not"):
        model.family.decode(model, latents / 0)
    weight = model.pipeline.vae.decoder.conv_in.weight
    kept = weight.data.clone()
    weight.data.fill_(3e38)
    try:
        with pytest.raises(SdqvizError, match="autoencoder overflows in float32"):
            model.family.decode(model, latents + torch.arange(8.0))
    finally:
        weight.data.copy_(kept)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"guidance": -3}, "guidance is -3"),
        ({"guidance": float("nan")}, "guidance is nan"),
        ({"guidance": "7"}, "guidance is '7'"),
        ({"steps": 2.5}, "steps is 2.5"),
        ({"steps": 0}, "steps is 0"),
        ({"steps": True}, "steps is True"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"width": 100}, "width is 100"),
        ({"height": -8}, "height is -8"),
        ({"shift": 21.0}, "shift is 21"),
        ({"scheduler": "heun"}, "scheduler is 'heun'"),
        ({"prompt": 3}, "prompt is 3"),
        ({"negative_prompt": None}, "negative_prompt is None"),
    ],
)
def test_a_scene_checks_each_of_its_values(values, said):
    with pytest.raises(SdqvizError, match=said):
        Scene(**{"prompt": "a key", **values})


def test_a_scene_is_one_scene_however_its_numbers_are_written():
    one, other = Scene(prompt="a key", guidance=2), Scene(prompt="a key", guidance=2.0, steps=25)
    assert one == other
    assert one.id == other.id
