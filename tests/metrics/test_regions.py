import numpy as np
import pytest
from PIL import Image

from sdqviz.base.errors import SdqvizError
from sdqviz.metrics.flip import METRIC as FLIP
from sdqviz.metrics.regions import box_scores


@pytest.fixture
def pair(tmp_path):
    rng = np.random.default_rng(0)
    first = rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)
    second = first.copy()
    second[20:30, 40:60] = 255 - second[20:30, 40:60]
    files = []
    for name, picture in (("a", first), ("b", second)):
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
        files.append(tmp_path / f"{name}.png")
    return files, (first, second)


def test_the_whole_picture_has_the_pictures_scores(pair):
    (a, b), (first, second) = pair
    scores = box_scores(a, b, 0, 0, 64, 48)
    assert scores["flip"] == pytest.approx(FLIP.score(first, second), rel=1e-4)


def test_a_box_sees_only_what_is_in_it(pair):
    a, b = pair[0]
    inside, outside = box_scores(a, b, 40, 20, 20, 10), box_scores(a, b, 0, 0, 16, 12)
    assert outside == {"ssim": pytest.approx(1.0), "flip": pytest.approx(0.0)}
    assert inside["ssim"] < 0.5 < 0.2 + inside["flip"]


@pytest.mark.parametrize("box", [(60, 0, 8, 8), (-1, 0, 4, 4), (0, 0, 0, 4), (0, 45, 4, 4)])
def test_a_box_outside_is_refused(pair, box):
    with pytest.raises(SdqvizError, match="is not inside 64 x 48"):
        box_scores(*pair[0], *box)
