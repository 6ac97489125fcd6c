import json
from importlib.util import find_spec

import numpy as np
import pytest

from sdqviz.metrics import ssimulacra2
from sdqviz.metrics.contract import can_judge, score_all
from sdqviz.metrics.ssimulacra2 import METRIC
from tests.metrics.ssimulacra2_reference import REFERENCE, disturbed

LIBJXL = json.loads(REFERENCE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(disturbed()))
def test_it_says_what_libjxl_says(name):
    # The reference blurs in float32 and recursively: that is what the tolerance is for.
    assert METRIC.score(*disturbed()[name]) == pytest.approx(LIBJXL[name], abs=0.05, rel=1e-4)


def test_pictures_that_the_reference_misjudges_have_no_number():
    first, second = (p[:112, :112] for p in disturbed()["noise"])
    assert not can_judge(METRIC, first) and "ssimulacra2" not in score_all(first, second)
    first, second = disturbed()["noise, smallest"]
    assert can_judge(METRIC, first)
    assert score_all(first, second)["ssimulacra2"] == METRIC.score(first, second)


def test_identical_pictures_have_all_points():
    picture = disturbed()["noise"][0]
    assert METRIC.score(picture, picture) == 100.0


def test_the_blur_keeps_sum_and_variance():
    kernel = ssimulacra2._kernel()
    places = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum() == pytest.approx(1)
    assert (kernel * places**2).sum() == pytest.approx(1.5**2)
    assert kernel[0] == pytest.approx(0, abs=1e-12)


def test_without_its_package_there_is_a_reason_and_no_number(monkeypatch):
    assert find_spec("ssimulacra2") is not None and METRIC.unavailable() is None
    monkeypatch.setattr(ssimulacra2, "find_spec", lambda name: None)
    assert "pip install 'sdqviz[ssimulacra2]'" in METRIC.unavailable()
