import numpy as np
import pytest

from sdqviz.metrics.intervals import median_interval, paired_interval


def test_the_same_values_have_the_same_interval():
    values = np.random.default_rng(1).normal(0.3, 0.1, 40).tolist()
    first = median_interval(values, "flip")
    assert first == median_interval(list(values), "flip")
    assert first != median_interval(values, "ssim")  # another seed, from another name
    assert first[0] < np.median(values) < first[1]


def test_it_holds_the_true_median_about_as_often_as_it_says():
    generator = np.random.default_rng(2)
    held = 0
    for trial in range(200):
        low, high = median_interval(generator.exponential(1.0, 40).tolist(), str(trial))
        held += low <= np.log(2) <= high
    assert 0.90 <= held / 200 <= 0.99


def test_more_scenes_are_surer_and_one_is_not_sure_at_all():
    generator = np.random.default_rng(3)
    widths = []
    for count in (8, 64, 4096):
        low, high = median_interval(generator.normal(0, 1, count).tolist(), "psnr")
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True) and widths[-1] < 0.1
    assert median_interval([0.5], "flip") is None
    assert median_interval([], "flip") is None
    assert median_interval([0.5, 0.5], "flip") == (0.5, 0.5)


def test_pairs_are_told_apart_where_their_medians_alone_are_not():
    generator = np.random.default_rng(4)
    baseline = generator.normal(0.3, 0.1, 24)
    other = baseline + 0.01 + generator.normal(0, 0.002, 24)  # a little worse on every scene
    low, high = paired_interval(baseline.tolist(), other.tolist(), "flip")
    assert 0 < low < 0.01 < high
    mixed = generator.permutation(other)  # the same values without their pairs
    low, high = paired_interval(baseline.tolist(), mixed.tolist(), "flip")
    assert low < 0 < high


def test_a_run_against_itself_differs_by_nothing():
    assert paired_interval([0.1, 0.4, 0.2], [0.1, 0.4, 0.2], "flip") == (0.0, 0.0)
    forth = paired_interval([0.1, 0.4, 0.2], [0.3, 0.5, 0.1], "flip")
    back = paired_interval([0.3, 0.5, 0.1], [0.1, 0.4, 0.2], "flip")
    assert back == pytest.approx((-forth[1], -forth[0]))
