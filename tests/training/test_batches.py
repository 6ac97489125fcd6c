import pytest

from sdqviz.training.batches import Batches

SIZES = {"scenes": 3, "calls": 5, "branches": 2, "size": 4, "seed": 7}


def flat(batches, steps):
    return [pick for step in range(steps) for pick in batches.at(step)]


def test_shuffled_batches_visit_every_call_once_a_pass():
    batches = Batches(**SIZES, order="parallel")
    samples = 3 * 5 * 2
    twice = flat(batches, 2 * samples // 4)
    assert len(set(twice[:samples])) == samples
    assert len(set(twice[samples:])) == samples
    assert twice[:samples] != twice[samples:]
    assert any(len({p.call for p in batches.at(step)}) > 1 for step in range(5))


def test_the_serial_order_follows_the_walk():
    batches = Batches(**SIZES, order="serial")
    calls = [{pick.call for pick in batches.at(step)} for step in range(10)]
    assert calls == [{c} for c in (0, 1, 2, 3, 4, 0, 1, 2, 3, 4)]


def test_paired_branches_stay_side_by_side():
    for order in ("parallel", "serial"):
        batch = Batches(**SIZES, order=order, paired=True).at(3)
        assert len(batch) == 4
        assert [(p.scene, p.call) for p in batch[0::2]] == [(p.scene, p.call) for p in batch[1::2]]
        assert [p.branch for p in batch] == [0, 1, 0, 1]


@pytest.mark.parametrize("order", ["parallel", "serial"])
def test_a_batch_depends_on_its_step_alone(order):
    one, two = Batches(**SIZES, order=order), Batches(**SIZES, order=order)
    flat(one, 9)
    assert one.at(9) == two.at(9)
    assert flat(one, 8) != flat(Batches(**{**SIZES, "seed": 8}, order=order), 8)
