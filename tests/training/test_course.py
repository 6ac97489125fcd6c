"""A training's progress only goes forward, in the order in which it works."""

import pytest

from sdqviz.training.course import Course, split


def course(**values) -> Course:
    usual = {
        **{"stage": "distill", "branches": 2, "walks": ((3, 3), (3, 3)), "steps": (4, 5)},
        **{"batch": 8, "looks": (0, 4, 9), "look_calls": 3},
    }
    return Course(**{**usual, **values})


def in_order(course: Course):
    """Every event of a training, as it would come."""
    yield from (course.searched(weights, 100) for weights in (0, 50, 100))
    yield course.begun(0, "prompts")
    if 0 in course.looks:
        yield from (course.looked(0, calls) for calls in range(course.look_calls + 1))
    yield course.stepped(0)
    done = 0
    for number, (walk, steps) in enumerate(zip(course.walks, course.steps, strict=True)):
        for scene, calls in enumerate(walk):
            yield from (course.walked(number, scene, call) for call in range(1, calls + 1))
            yield course.walked(number, scene + 1, 0)
        for _ in range(steps):
            yield from (course.learned(done, samples, course.batch) for samples in (2, 4, 6))
            done += 1
            if done in course.looks:
                yield from (course.looked(done, calls) for calls in range(course.look_calls + 1))
            yield course.stepped(done, 2.5 * done)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"looks": (), "branches": 1},
        {"looks": (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)},
        {"walks": ((3,),), "steps": (9,), "looks": (0, 2, 9)},
        {"walks": ((2,), (2,), (2,)), "steps": split(2, 3), "looks": (0, 1, 2)},
        {"walks": ((2,), (2,)), "steps": (0, 0), "looks": (0,)},
    ],
)
def test_it_goes_forward_from_nothing_to_all(given):
    told = list(in_order(course(**given)))
    done = [event.done for event in told]
    assert done[0] == 0 and done == sorted(done)
    assert {event.total for event in told} == {told[-1].total}
    assert done[-1] == told[-1].total
    if sum(course(**given).steps):
        assert len(set(done)) > 0.6 * len(done)  # nearly every event moves it


def test_places_are_told_in_words():
    told = [event.place for event in in_order(course())]
    assert "round 1 of 2, walking scene 2 of 2, call 3 of 3" in told
    assert "in step 1 of 9, 4 of 8 samples" in told
    assert "step 4 of 9, 2.5 s a step" in told
    assert "preview at step 4, call 1 of 3" in told


def test_a_training_that_goes_on_begins_where_it_was():
    whole = course()
    before = [event for event in in_order(whole) if event.place.startswith("step 3 of")]
    assert whole.begun(3, "").done == before[0].done
    cut_short = whole.begun(4, "")  # the look after step 4 comes again
    assert cut_short.done == whole.looked(4, 0).done < whole.stepped(4).done


def test_each_part_has_its_share():
    """A walk's call is the student's and the teacher's; a sample's step five calls of one."""
    whole = course(looks=(), walks=((3,),), steps=(1,))
    assert whole.total == 40 * 2 + 3 * 2 * 2 + 5 * 8
    assert whole.stepped(1).done - whole.walked(0, 1, 0).done == 40
