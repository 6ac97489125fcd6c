"""Stopping a run: what it trained is kept however long a step takes, and nothing hangs."""

import os
import signal
import subprocess
import sys
import time

import pytest

from sdqviz.base.events import Progress
from sdqviz.base.request import QUANTIZE
from sdqviz.runner import supervise
from sdqviz.runner.execute import execute
from sdqviz.runner.interruption import Interruption, Stopped
from sdqviz.runner.models import ModelCache
from sdqviz.store.runs import ACTIVE, CANCELLED, STOPPING
from sdqviz.training import distillation
from tests.recipes.test_fidelity import request

TERM = signal.SIGTERM


def test_the_second_signal_unwinds_unless_there_is_something_to_keep():
    interruption = Interruption()
    with interruption.waiting():
        interruption(TERM, None)
        interruption(TERM, None)
    assert interruption.asked
    with pytest.raises(Stopped):
        interruption(TERM, None)


def test_the_third_signal_kills():
    code = """
import os, signal, time
from sdqviz.runner.interruption import Interruption
interruption = Interruption()
signal.signal(signal.SIGTERM, interruption)
with interruption.undisturbed():
    for number in range(3):
        print(number, flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["0", "1", "2"]
    assert done.returncode == -TERM


def test_a_step_that_two_signals_hit_is_finished_and_its_student_kept(
    store, tiny_folder, monkeypatch
):
    """As when the heartbeat's and the supervisor's signals both arrive during one long step."""
    interruption = Interruption()
    learn = distillation.training_loss
    calls = []

    def slow(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), TERM)
            os.kill(os.getpid(), TERM)
        return learn(*args, **kwargs)

    monkeypatch.setattr(distillation, "training_loss", slow)
    run_id = store.runs.add(QUANTIZE, request(tiny_folder, previews=0))
    before = signal.signal(TERM, interruption)
    try:
        state = execute(store, store.runs.claim(), ModelCache(), interruption=interruption)
    finally:
        signal.signal(TERM, before)
    assert state == CANCELLED
    stopped = store.runs.get(run_id)
    assert stopped.result["stopped_at"] == {"step": 3, "of": 8}
    assert store.blobs.get(stopped.result["packed"])


def test_a_walk_can_be_left_after_each_network_call(store, tiny_folder):
    run_id = store.runs.add(QUANTIZE, request(tiny_folder, previews=0, training_scenes=1))
    seen = []

    def see(event):
        if isinstance(event, Progress) and "walking" in event.place:
            seen.append(event.place)
            if len(seen) == 2:
                store.runs.request_cancel(run_id)

    assert execute(store, store.runs.claim(), ModelCache(), see) == CANCELLED
    assert len(seen) == 2 and ", walking scene 1 of 1, call 2 of" in seen[-1]


@pytest.mark.parametrize("stage", ["distill", "calibrate"])
def test_a_deaf_run_is_killed_at_once_or_when_asked_thrice(store, monkeypatch, stage):
    monkeypatch.setattr(supervise, "GRACE_SECONDS", 0.3)
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)"
    )
    command = [sys.executable, "-c", code + "; time.sleep(600)"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it ignores signals from now on
        run_id = store.runs.add(QUANTIZE, {})
        store.runs.claim(run_id)
        store.runs.set_progress(run_id, stage, 0.5, None)
        started = supervise.psutil.Process(process.pid).create_time()
        with store.runs._database.transaction() as sql:
            sql.execute(
                "UPDATE runs SET pid = ?, pid_started = ?, lease_until = ? WHERE id = ?",
                (process.pid, started, time.time() + 600, run_id),
            )
        asked = 0
        while supervise.cancel(store, run_id).state in ACTIVE:
            asked += 1
            assert store.runs.get(run_id).state == STOPPING
            assert process.poll() is None
        assert asked == (2 if stage == "distill" else 0)
        assert process.wait(timeout=30) == -signal.SIGKILL
    finally:
        process.kill()
        process.communicate()
    assert store.runs.get(run_id).state == CANCELLED
