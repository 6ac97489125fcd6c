import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.metrics import st_lpips
from sdqviz.metrics.magma import magma
from sdqviz.metrics.st_lpips import METRIC, SMALLEST, WEIGHTS, WEIGHTS_SHA256, st_lpips_values
from tests.metrics.st_lpips_reference import REFERENCE, pairs

PACKAGE = json.loads(REFERENCE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def photograph() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:192, 128:320])


@pytest.mark.parametrize("name", sorted(pairs()))
def test_it_says_what_the_authors_package_says(name):
    first, second = pairs()[name]
    theirs = PACKAGE["fp16"][name]
    assert METRIC.score(first, second) == pytest.approx(theirs["score"], abs=1e-6)
    values = st_lpips_values(first, second)
    assert values.shape == first.shape[:2]
    assert values.mean() == pytest.approx(theirs["map_mean"], abs=1e-6)
    assert values.max() == pytest.approx(theirs["map_largest"], abs=1e-5)


@pytest.mark.parametrize("name", sorted(pairs()))
def test_rounding_the_weights_to_fp16_changes_little(name):
    theirs = PACKAGE["float32"][name]["score"]
    assert METRIC.score(*pairs()[name]) == pytest.approx(theirs, rel=5e-4)


def test_the_shipped_weights_are_the_noted_ones():
    file = assets_folder() / WEIGHTS
    assert hashlib.sha256(file.read_bytes()).hexdigest() == WEIGHTS_SHA256
    assert file.stat().st_size < 5e6
    notice = (assets_folder() / "NOTICE").read_text(encoding="utf-8")
    assert WEIGHTS in notice and "Abhijay Ghildyal" in notice and "IMPLIED WARRANTIES" in notice


def test_damaged_weights_give_no_number(monkeypatch, photograph):
    monkeypatch.setattr(st_lpips, "WEIGHTS_SHA256", "0" * 64)
    st_lpips._weights.cache_clear()
    try:
        with pytest.raises(SdqvizError, match="damaged"):
            METRIC.score(photograph, photograph)
    finally:
        st_lpips._weights.cache_clear()


def test_identical_pictures_are_at_zero(photograph):
    assert METRIC.score(photograph, photograph) == 0
    assert st_lpips_values(photograph, photograph).max() == 0


def _blurred(picture: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def _noisy(picture: np.ndarray, deviation: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, deviation, picture.shape)
    return (picture + noise).clip(0, 255).round().astype(np.uint8)


def _coded(picture: np.ndarray, quality: float) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=int(quality))
    return np.asarray(Image.open(buffer))


def _levels(picture: np.ndarray, step: float) -> np.ndarray:
    return (picture // int(step) * int(step)).astype(np.uint8)


@pytest.mark.parametrize(
    ("disturb", "strengths"),
    [
        (_blurred, (0.5, 1, 2, 4)),
        (_noisy, (2, 6, 15, 40)),
        (_coded, (95, 70, 30, 8)),
        (_levels, (4, 16, 48, 96)),
    ],
)
def test_more_disturbance_is_further(photograph, disturb, strengths):
    scores = [METRIC.score(photograph, disturb(photograph, s)) for s in strengths]
    assert scores == sorted(scores) and scores[0] > 0
    assert scores[-1] > 3 * scores[0]


def test_a_shift_of_a_pixel_is_nearly_nothing(photograph):
    shifted = METRIC.score(photograph[:, :-1], photograph[:, 1:])
    assert shifted < METRIC.score(photograph, _noisy(photograph, 4))


def test_the_map_lights_up_where_the_pictures_differ(photograph):
    test = photograph.copy()
    test[96:144, 32:80] = _noisy(test[96:144, 32:80], 60)
    values = st_lpips_values(photograph, test)
    inside = values[96:144, 32:80].mean()
    assert inside > 20 * values[:48].mean()
    assert np.array_equal(METRIC.map(photograph, test), magma(values))


def test_magma_runs_from_black_to_pale():
    colours = magma(np.array([[-0.5, 0.0, 0.5, 1.0, 1.4]]))
    assert colours.shape == (1, 5, 3) and colours.dtype == np.uint8
    assert colours[0, 0].tolist() == colours[0, 1].tolist() == [0, 0, 4]
    assert colours[0, 3].tolist() == colours[0, 4].tolist() == [252, 253, 191]
    assert 0 < colours[0, 2].mean() < 252


def test_what_it_cannot_judge_is_refused(photograph):
    small = photograph[: SMALLEST - 1]
    with pytest.raises(SdqvizError, match="at least 21 x 21"):
        METRIC.score(small, small)
    with pytest.raises(ValueError, match="shapes"):
        METRIC.score(photograph, photograph[1:])
