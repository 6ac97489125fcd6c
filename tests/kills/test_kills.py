"""The short form: a few kills with a fixed seed. By hand: `python -m tests.kills 100 --seed 1`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 3


@pytest.mark.slow
def test_killed_runs_leave_what_uninterrupted_ones_do(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-m", "tests.kills", str(KILLS), "--seed", "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{KILLS} kills of " in done.stdout
    assert "as the uninterrupted one, to the bit" in done.stdout
    assert "runs are right" in done.stdout and "WRONG" not in done.stdout


def test_a_count_without_an_end_is_refused():
    command = [sys.executable, "-m", "tests.kills", "1000000000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert done.returncode == 2 and "give 1 to" in done.stderr
