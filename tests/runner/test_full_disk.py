"""A disk that is full, wherever a run writes: one line, and what was there stays."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from sdqviz.base import writing
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import Progress
from sdqviz.base.request import QUANTIZE
from sdqviz.base.writing import disk_error, own_partial, partial_file
from sdqviz.layers import tensor_file
from sdqviz.runner.execute import execute
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import DONE, FAILED
from sdqviz.training.checkpoints import Checkpoints
from tests.recipes.test_fidelity import request

STEPS = {
    **{"steps": 2, "scheduler": "ddim", "training_steps": 4, "rounds": 1},
    **{"training_scenes": 1, "batch": 2, "previews": 1, "weighting": "uniform"},
}


def full(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(scope="module")
def models():
    return ModelCache()


def test_a_training_whose_state_finds_no_room_keeps_the_one_before(
    store, tiny_folder, models, monkeypatch
):
    """And each stage before and after it: the run fails in one line, and goes on once there is
    room, without doing again what it had done.
    """
    monkeypatch.setattr(Checkpoints, "due", lambda self: True)
    run_id = store.runs.add(QUANTIZE, request(tiny_folder, **STEPS))
    for stage, done in (
        ("record", 1),
        ("calibrate", 1),
        ("distill", 2),
        ("pack", 1),
        ("evaluate", 1),
    ):
        with monkeypatch.context() as patched:

            def see(event, stage=stage, done=done, patched=patched):
                if not isinstance(event, Progress) or event.stage != stage:
                    return
                trained = stage == "distill" and event.place.startswith(f"step {done} of")
                if trained or (stage != "distill" and event.done >= done):
                    patched.setattr(writing, "keep_whole", full)
                    patched.setattr("sdqviz.store.blobs.keep_whole", full)
                    patched.setattr("sdqviz.training.checkpoints.keep_whole", full)

            assert execute(store, store.runs.claim(), models, see) == FAILED, stage
        failed = store.runs.get(run_id)
        assert "No space left on device" in failed.error["error"], (stage, failed.error)
        assert "\n" not in failed.error["error"]
        assert "free disk space" in failed.error["hint"]
        assert failed.stage == stage
        assert not list(store.folder.rglob("*.partial*")) + list(store.folder.rglob(".partial*"))
        if stage == "distill":
            assert len(list(store.folder.glob("scratch/*/distill/*/state-*"))) == 1
        store.runs.resume(run_id)
    told = []
    assert execute(store, store.runs.claim(), models, told.append) == DONE
    steps = [e for e in told if isinstance(e, Progress) and e.place.startswith("step ")]
    assert not steps  # the training is found


def test_a_file_is_whole_or_as_it_was(tmp_path):
    target = tmp_path / "state"
    target.write_bytes(b"before")
    with (
        pytest.raises(SdqvizError, match="No space left on device"),
        partial_file(own_partial(target), target) as partial,
    ):
        partial.write_bytes(b"half")
        full()
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("state", b"before")]
    with partial_file(own_partial(target), target) as partial:
        partial.write_bytes(b"after")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("state", b"after")]


def test_only_the_disks_errors_are_its(tmp_path):
    assert disk_error(OSError(errno.ENOSPC, "No space left on device")) is not None
    assert disk_error(OSError(errno.EDQUOT, "Disk quota exceeded"), tmp_path) is not None
    for other in (FileNotFoundError(errno.ENOENT, "gone"), ValueError("no"), KeyError("x")):
        assert disk_error(other) is None
    words = type("SafetensorError", (Exception,), {})("I/O error: no room (os error 28)")
    assert disk_error(words) is not None


def test_a_store_without_room_is_one_line_and_stays_readable(store, monkeypatch):
    run_id = store.runs.add(QUANTIZE, {"model": "m"})
    connect = sqlite3.connect

    def small(*args, **kwargs):
        connection = connect(*args, **kwargs)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", small)
        with pytest.raises(SdqvizError, match="is full") as told:
            store.runs.add(QUANTIZE, {"model": "m" * 1_000_000})
        assert "free disk space" in told.value.hint
    assert [run.id for run in store.runs.list()] == [run_id]
    store.runs.add(QUANTIZE, {"model": "m" * 1_000_000})


def test_tensors_that_find_no_room_say_so_by_number(tmp_path, monkeypatch):
    """Whoever writes tensors raises the system's own error, which is told from a bug."""
    import torch

    opened = Path.open

    def small(self, mode="r", *args, **kwargs):
        file = opened(self, mode, *args, **kwargs)
        if "w" in mode:
            file.write = full  # type: ignore[method-assign]
        return file

    monkeypatch.setattr(Path, "open", small)
    with pytest.raises(OSError) as error:
        tensor_file.write_tensors(tmp_path / "x", {"a": torch.zeros(3)})
    assert disk_error(error.value) is not None
