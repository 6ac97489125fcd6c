"""The time left is a range, of work that was done and not of what was found."""

import pytest

from sdqviz.runner.pace import Pace


def follow(pace: Pace, stage: str, start: float, share: float, seconds: float, until: float):
    """Ten events of even pace from one share to another."""
    told = None
    for step in range(11):
        part = step / 10
        told = pace.note(stage, share + part * (until - share), start + part * seconds)
    return told


def test_an_even_pace_leaves_one_answer():
    left = follow(Pace(), "record", 0.0, 0.0, 100.0, 0.5)
    assert left is not None
    assert [left.low, left.seconds, left.high] == pytest.approx([100.0] * 3)


def test_nothing_is_told_before_there_is_a_pace():
    assert Pace().note("record", 0.9, 5.0) is None  # found in the store
    assert follow(Pace(), "record", 0.0, 0.0, 100.0, 0.01) is None


def test_a_pace_that_changes_gives_a_range():
    pace = Pace()
    follow(pace, "distill", 0.0, 0.0, 100.0, 0.4)
    left = follow(pace, "distill", 100.0, 0.4, 100.0, 0.5)  # four times as slow
    assert left is not None
    assert left.seconds == pytest.approx(0.5 * 200 / 0.5)
    assert left.low == pytest.approx(200) and left.high == pytest.approx(500)


def test_what_was_found_is_not_taken_for_pace():
    """A resumed training begins at the half of its run at once."""
    pace = Pace()
    pace.note("record", 0.0, 0.0)
    pace.note("calibrate", 0.2, 1.0)
    left = follow(pace, "distill", 2.0, 0.5, 100.0, 0.6)
    assert left is not None
    assert left.seconds == pytest.approx(0.4 * 100 / 0.1)


def test_a_new_stage_starts_with_the_pace_of_all_before():
    pace = Pace()
    follow(pace, "record", 0.0, 0.0, 100.0, 0.5)
    left = pace.note("calibrate", 0.5, 100.0)
    assert left is not None and left.seconds == pytest.approx(100.0)
