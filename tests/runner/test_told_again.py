"""A run that was killed and resumed tells what one tells that nobody stopped: each point once."""

import itertools

import pytest

from sdqviz.base.events import Progress, Saving
from sdqviz.base.request import QUANTIZE
from sdqviz.runner import products
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.store import attempt, records, worked
from sdqviz.store.attempt import SupersededError
from sdqviz.store.records import Records
from sdqviz.store.runs import CANCELLED, DONE, INTERRUPTED
from sdqviz.store.store import Store
from sdqviz.training.checkpoints import Checkpoints
from sdqviz.training.distillation import Distillation
from sdqviz.training.reconstruction import Reconstruction
from tests.contracts.recipes import short
from tests.harness import context_of, run_until, told_by
from tests.recipes.test_fidelity import plain, request

STEPS = {
    **{"steps": 2, "scheduler": "ddim", "training_steps": 6, "rounds": 3},
    **{"training_scenes": 1, "batch": 2, "previews": 3},
}


class Killed(BaseException):
    """What nobody expects, as SIGKILL."""


@pytest.fixture(scope="module")
def models():
    return ModelCache()


@pytest.fixture
def often(monkeypatch):
    """A state after every second step, whatever the clock says."""
    calls = itertools.count(1)
    monkeypatch.setattr(Checkpoints, "due", lambda self: next(calls) % 2 == 0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, tiny_folder, models):
    """What an uninterrupted run tells, and its result."""
    store = Store(tmp_path_factory.mktemp("whole"))
    run_id = store.runs.add(QUANTIZE, request(tiny_folder, **STEPS))
    assert execute(store, store.runs.claim(), models) == DONE
    events = told_by(store, run_id)
    assert [e.step for e in events if e.name == "loss"] == list(range(6))
    assert [e.step for e in events if e.name == "student"] == [0, 2, 4, 6]
    assert {"influence", "psnr"} <= {e.name for e in events}
    return events, store.runs.get(run_id).result


def at(stage, done):
    return lambda event: isinstance(event, Progress) and event.stage == stage and event.done >= done


def stepped(step):
    """The training has done so many steps."""
    return lambda event: isinstance(event, Progress) and event.place.startswith(f"step {step} of")


def after(name, step):
    """Between two points of one step."""
    return lambda event: getattr(event, "name", "") == name and event.step == step


MOMENTS = {
    "influence": at("influence", 2),
    "before the first state": after("loss", 1),
    "behind a state": after("output", 4),
    "packing": at("pack", 1),
    "scoring": at("evaluate", 17),
}


def work_until(store, models, monkeypatch, wanted, flush_seconds):
    """Works the queued run until `wanted` says so of an event, then leaves all as it stands, as
    SIGKILL does: no state is saved, what waited to be written is gone.
    """
    dead = []

    def see(event):
        if wanted(event):
            dead.append(event)
            raise Killed

    own = Records.append_all
    with monkeypatch.context() as patched:
        patched.setattr(products, "_FLUSH_SECONDS", flush_seconds)
        for training in (Distillation, Reconstruction):
            patched.setattr(training, "_stop_early", lambda self: None)
        patched.setattr(Records, "append_all", lambda *a: None if dead else own(*a))
        with pytest.raises(Killed):
            execute(store, store.runs.claim(), models, see)
    with store.runs._database.transaction() as sql:
        sql.execute("UPDATE runs SET pid = 2147483646")
    assert store.runs.list()[0].state == INTERRUPTED


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_tells_each_point_once(
    store, tiny_folder, models, monkeypatch, often, whole, moment
):
    run_id = store.runs.add(QUANTIZE, request(tiny_folder, **STEPS))
    flush_seconds = 1e9 if moment == "behind a state" else 0.0  # only what is flushed on purpose
    work_until(store, models, monkeypatch, MOMENTS[moment], flush_seconds)
    if moment == "behind a state":  # the interrupted run shows all that its state holds
        assert [e.step for e in told_by(store, run_id) if e.name == "loss"] == [0, 1, 2, 3]
    store.runs.resume(run_id)
    assert execute(store, store.runs.claim(), models) == DONE
    events, result = whole
    assert told_by(store, run_id) == events
    assert plain(store.runs.get(run_id).result) == plain(result)


@pytest.mark.slow
def test_a_training_left_between_two_points_or_in_a_walk_goes_on_exactly(
    store, tiny_folder, models, monkeypatch, whole
):
    """Stopped, not killed: by an error between two points, by a cancel while the student walks
    with its average.
    """
    run_id = store.runs.add(QUANTIZE, request(tiny_folder, **STEPS))
    walks = []

    def fail_between(event):
        if after("output", 2)(event):
            raise OSError(28, "No space left on device")

    def cancel_in_a_walk(event):
        if stepped(4)(event) or (walks and isinstance(event, Progress)):
            walks.append(event)
            if len(walks) == 3:
                store.runs.request_cancel(run_id)

    assert execute(store, store.runs.claim(), models, fail_between) == "failed"
    assert "No space left" in store.runs.get(run_id).error["error"]
    store.runs.resume(run_id)
    assert execute(store, store.runs.claim(), models, cancel_in_a_walk) == CANCELLED
    assert store.runs.get(run_id).result["stopped_at"] == {"step": 4, "of": 6}
    store.runs.resume(run_id)
    assert execute(store, store.runs.claim(), models) == DONE
    events, result = whole
    assert told_by(store, run_id) == events
    assert store.runs.get(run_id).result["packed"] == result["packed"]


@pytest.mark.slow
def test_a_killed_reconstruction_tells_each_point_once(
    store, tiny_folder, models, monkeypatch, often, tmp_path
):
    """In the middle of a block, and when a block had just ended before the scene was looked at."""
    values = {"iterations": 2, "range_iterations": 2, "looks": 3, "steps": 2, "scheduler": "ddim"}
    spec = short("q_diffusion", tiny_folder, values)
    other = Store(tmp_path / "other")
    whole_id = other.runs.add(QUANTIZE, spec)
    assert execute(other, other.runs.claim(), models) == DONE
    expected = told_by(other, whole_id)
    looks = [e.step for e in expected if e.name == "student"]
    assert len(looks) == 4 and looks[0] == 0
    run_id = store.runs.add(QUANTIZE, spec)
    for wanted in (after("block", 5), after("loss", looks[1] - 1), after("tune_output", looks[2])):
        work_until(store, models, monkeypatch, wanted, 0.0)
        store.runs.resume(run_id)
    assert execute(store, store.runs.claim(), models) == DONE
    assert told_by(store, run_id) == expected
    packed = other.runs.get(whole_id).result["packed"]
    assert store.runs.get(run_id).result["packed"] == packed


def test_every_state_is_announced_before_it_is_written(store, tiny_folder, models, often):
    spec = request(tiny_folder, **STEPS)
    events = run_until(context_of(store, spec, models), spec, "distill")
    assert [e for e in events if isinstance(e, Saving)] == [Saving(stage="distill")] * 3


def test_a_worker_whose_run_another_took_stops_and_leaves_it_alone(
    store, tiny_folder, models, monkeypatch, often, whole, capsys
):
    """As after a night's sleep of the machine, in the middle of a training."""
    run_id = store.runs.add(QUANTIZE, request(tiny_folder, **STEPS))
    states = []

    def take_over(event):
        if stepped(3)(event) and not states:
            with store.runs._database.transaction() as sql:
                sql.execute("UPDATE runs SET lease_until = 0")
            store.runs.expire()
            store.runs.resume(run_id)
            assert store.runs.claim().attempt == 2
            states.extend(sorted(store.folder.glob("scratch/*/distill/*/state-*")))

    with pytest.raises(SupersededError, match="was taken over by attempt 2"):
        execute(store, store.runs.claim(), models, take_over)
    assert states == sorted(store.folder.glob("scratch/*/distill/*/state-*"))
    assert store.runs.get(run_id).state == "running"
    named, refuse = [], attempt.refuse_superseded

    def noted(sql, run, number):
        named.append(number)
        refuse(sql, run, number)

    for module in (records, worked):
        monkeypatch.setattr(module, "refuse_superseded", noted)
    assert execute(store, store.runs.get(run_id), models) == DONE  # by whom it belongs to
    assert set(named) == {2} and len(named) > 100  # every write names its attempt
    events, result = whole
    assert told_by(store, run_id) == events
    assert plain(store.runs.get(run_id).result) == plain(result)
