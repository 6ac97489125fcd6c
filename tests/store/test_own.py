"""A visitor sees and changes own runs; some are everybody's; the operator's is everything."""

import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.store.asker import ALONE, NOBODY, OPERATOR, Asker
from sdqviz.store.limits import Limits
from sdqviz.store.own import OwnRuns
from sdqviz.store.runs import CANCELLED

ANNA, BEN = Asker(visitor="a"), Asker(visitor="b")


class World:
    """Runs of two visitors, of the command line, and one of everybody's."""

    def __init__(self, store) -> None:
        self.asker = NOBODY
        self.runs = OwnRuns(store.runs, lambda: self.asker, lambda run: run.id == self.shared)
        self.shared = store.runs.add("quantize", {"model": "m"})
        self.line = store.runs.add("quantize", {"model": "m"})
        self.anna = store.runs.add("generate", {"run": self.shared}, visitor="a")
        self.ben = store.runs.add("generate", {"run": self.shared}, visitor="b")

    def seen(self, asker: Asker) -> set[str]:
        self.asker = asker
        return {run.id for run in self.runs.list()}


@pytest.fixture
def world(store):
    return World(store)


def test_each_sees_own_runs_and_those_of_all(world):
    every = {world.shared, world.line, world.anna, world.ben}
    assert world.seen(ANNA) == {world.shared, world.anna}
    assert world.seen(BEN) == {world.shared, world.ben}
    assert world.seen(NOBODY) == {world.shared}
    assert world.seen(OPERATOR) == world.seen(ALONE) == every


def test_a_whole_id_is_a_link_and_its_first_letters_are_none(world):
    world.asker = BEN
    assert world.runs.get(world.anna).id == world.anna and world.runs.has(world.anna)
    for guess in (world.anna[:6], "", "x"):
        with pytest.raises(SdqvizError, match="no run"):
            world.runs.get(guess)
    world.asker = OPERATOR
    assert world.runs.get(world.anna[:8]).id == world.anna


def test_only_its_owner_and_the_operator_change_a_run(world, store):
    store.runs.request_cancel(world.anna)
    changes = (world.runs.owned, world.runs.resume)
    for asker in (BEN, NOBODY):
        world.asker = asker
        for change in changes:
            with pytest.raises(SdqvizError, match=f"run {world.anna} is not yours"):
                change(world.anna)
        with pytest.raises(SdqvizError, match="not yours"):
            world.runs.owned(world.shared)
    assert store.runs.get(world.anna).state == CANCELLED
    for asker in (ANNA, OPERATOR, ALONE):
        world.asker = asker
        assert world.runs.owned(world.anna).id == world.anna
    world.runs.resume(world.anna)


def test_what_is_asked_for_is_of_whoever_asks(world, store):
    limits = Limits(in_all=9, each=2)
    world.asker = ANNA
    own = world.runs.add("generate", {"run": world.shared}, limits)
    assert store.runs.get(own).visitor == "a"
    with pytest.raises(SdqvizError, match="of your jobs"):
        world.runs.add("generate", {"run": world.shared}, limits)
    with pytest.raises(SdqvizError, match="no run"):
        world.runs.add("generate", {"run": world.shared[:6]})
    world.asker = OPERATOR  # is held to the whole queue's length alone
    made = [store.runs.get(world.runs.add("quantize", {}, limits)) for _ in range(3)]
    assert {run.visitor for run in made} == {""}


def test_a_list_says_what_is_theirs(world, store):
    mine, theirs, line = (store.runs.get(run) for run in (world.anna, world.ben, world.line))
    world.asker = ANNA
    assert [world.runs.made(run) for run in (mine, theirs, line)] == [True, False, False]
    world.asker = OPERATOR
    assert [world.runs.made(run) for run in (mine, theirs, line)] == [False, False, True]
    world.asker = ALONE
    assert all(map(world.runs.made, (mine, theirs, line)))


def test_who_has_runs_is_known_without_reading_them(store):
    assert store.runs.visitors() == frozenset()
    for visitor in ("a", "", "b", "a"):
        store.runs.add("generate", {}, visitor=visitor)
    assert store.runs.visitors() == {"a", "b"}
    plan = "EXPLAIN QUERY PLAN SELECT DISTINCT visitor FROM runs WHERE visitor != ''"
    (row,) = store.runs._database.rows(plan)
    assert "COVERING INDEX runs_by_visitor" in row["detail"]
