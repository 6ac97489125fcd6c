import itertools
from collections import Counter

import pytest

from sdqviz.base.blind import (
    ABX,
    FIRST,
    MISSING,
    SECOND,
    UNSURE,
    WHICH,
    Tally,
    Trial,
    draw_trials,
    lengths,
    pooled,
    tally,
)
from sdqviz.base.errors import SdqvizError


@pytest.mark.parametrize(
    ("shown", "truth"),
    [
        (("fp", "student"), SECOND),
        (("student", "fp"), FIRST),
        (("fp", "student", "fp"), FIRST),
        (("fp", "student", "student"), SECOND),
        (("student", "fp", "fp"), SECOND),
        (("student", "fp", "student"), FIRST),
    ],
)
def test_the_truth_follows_the_order(shown, truth):
    wrong = SECOND if truth == FIRST else FIRST
    answers = [truth, wrong, UNSURE, MISSING, None]
    trials = [Trial(number=0, scene="s", shown=shown, answer=answer) for answer in answers]
    assert [t.is_right for t in trials] == [True, False, None, None, None]
    assert tally(trials) == Tally(right=1, sure=2, unsure=1)


def test_tallies_add_up():
    parts = [Tally(right=1, sure=2, unsure=3), Tally(right=4, sure=5, unsure=0)]
    assert pooled(parts) == Tally(right=5, sure=7, unsure=3)
    assert pooled([]) == Tally(right=0, sure=0, unsure=0)


@pytest.mark.parametrize(("kind", "orders"), [(WHICH, 2), (ABX, 4)])
def test_orders_are_drawn_evenly_and_on_their_own(kind, orders):
    trials = draw_trials(kind, ["a", "b", "c"], 4000)
    assert [t.number for t in trials] == list(range(4000))
    counts = Counter(t.shown for t in trials)
    assert len(counts) == orders
    # Six standard deviations of a binomial count: fails by chance once in 10^8.
    share = 1 / orders
    spread = 6 * (4000 * share * (1 - share)) ** 0.5
    assert all(abs(n - 4000 * share) < spread for n in counts.values())
    truths = [t.truth for t in trials]
    repeats = sum(a == b for a, b in itertools.pairwise(truths))
    assert abs(repeats - 2000) < 6 * 1000**0.5  # the last order says nothing of the next


def test_every_scene_has_its_turn_before_one_repeats():
    scenes = list("abcde")
    trials = draw_trials(WHICH, scenes, 12)
    drawn = [t.scene for t in trials]
    assert len(drawn) == 12
    assert sorted(drawn[:5]) == sorted(drawn[5:10]) == scenes
    assert len({tuple(t.scene for t in draw_trials(WHICH, scenes, 5)) for _ in range(60)}) > 5


@pytest.mark.parametrize(
    ("scenes", "offered"),
    [(0, (1,)), (6, (6,)), (8, (8,)), (20, (8, 12, 16)), (99, (8, 12, 16, 24))],
)
def test_no_test_is_longer_than_there_are_scenes(scenes, offered):
    assert lengths(scenes) == offered


def test_nothing_to_draw_from_is_refused():
    with pytest.raises(SdqvizError, match="no scene"):
        draw_trials(ABX, [], 8)
    with pytest.raises(SdqvizError, match="choose abx or which"):
        draw_trials("taste", ["a"], 8)
