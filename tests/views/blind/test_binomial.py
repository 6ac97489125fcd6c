import math

import pytest

from sdqviz.base.blind import Tally
from sdqviz.views.blind.binomial import chance, highest_share, percent, unsure_share, verdict


@pytest.mark.parametrize(
    ("right", "sure", "p"),
    [
        (12, 16, 0.0384063720703125),  # (1820 + 560 + 120 + 16 + 1) / 65536
        (9, 12, 0.072998046875),
        (10, 12, 0.019287109375),
        (5, 5, 0.03125),
        (8, 16, 0.5981903076171875),
        (0, 16, 1.0),
        (0, 0, 1.0),
        (1, 1, 0.5),
        (0, 1, 1.0),
    ],
)
def test_chance_is_exact(right, sure, p):
    assert chance(right, sure) == p


def test_chance_of_either_half_adds_up():
    for sure in range(30):
        for right in range(sure + 1):
            assert chance(right, sure) + chance(sure - right + 1, sure) == pytest.approx(1)
    assert 0 < chance(1100, 2000) < 1e-5  # more answers than a float has powers of two
    assert chance(1000, 2000) == pytest.approx(0.5 + math.comb(2000, 1000) / 2**2001)


def test_the_highest_share_is_clopper_and_pearsons():
    assert highest_share(0, 10) == pytest.approx(1 - 0.05**0.1)
    assert highest_share(9, 10) == pytest.approx(0.95**0.1)
    assert highest_share(5, 10) == pytest.approx(0.7776, abs=1e-4)
    assert highest_share(10, 10) == 1.0
    assert highest_share(0, 0) == 1.0
    assert 0.5 < highest_share(1000, 2000) < 0.53


def test_the_verdict_says_what_the_answers_show_and_what_not():
    clear = verdict(Tally(right=12, sure=16, unsure=0))
    assert clear.startswith("12 of 16 right: chance alone does this well in 3.8 % of tests")
    assert "speak for a visible difference" in clear
    for right in (0, 8, 11):
        open_question = verdict(Tally(right=right, sure=16, unsure=0))
        assert "no evidence that the two were told apart, and none that they cannot" in (
            open_question
        )
    assert "right 72 % of the time" in verdict(Tally(right=8, sure=16, unsure=0))
    assert "too few to tell" in verdict(Tally(right=4, sure=4, unsure=8))
    assert "1 sure answer is too few" in verdict(Tally(right=1, sure=1, unsure=0))
    assert "nothing to tell from" in verdict(Tally(right=0, sure=0, unsure=12))
    assert "visible difference" in verdict(Tally(right=5, sure=5, unsure=0))


def test_shares_in_words():
    assert [percent(p) for p in (1.0, 0.6, 0.0384, 0.001, 0.0009, 0.0)] == [
        *("100 %", "60 %", "3.8 %", "0.1 %", "less than 0.1 %", "less than 0.1 %"),
    ]
    assert unsure_share(Tally(right=3, sure=9, unsure=3)) == "3 of 12 not sure (25 %)"
    assert unsure_share(Tally(right=0, sure=0, unsure=0)) == "no answers"
