"""Where Debian's chromium is missing, one line says so and all else runs; CI requires it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "pytest", "-n", "0", "--collect-only"]
FILES = ["tests/browser/test_report.py", "tests/base/test_config.py"]


def collected(tmp_path: Path, *, chromium: bool, ci: str) -> subprocess.CompletedProcess[str]:
    """What `pytest` would run, on a machine that has only this on its path."""
    if chromium:
        (tmp_path / "chromium").write_text("#!/bin/sh\n")
        (tmp_path / "chromium").chmod(0o755)
    environment = {**os.environ, "PATH": str(tmp_path), "CI": ci}
    return subprocess.run(
        [*COMMAND, *FILES], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


def test_without_chromium_all_else_runs_and_one_line_says_so(tmp_path):
    done = collected(tmp_path, chromium=False, ci="")
    assert done.returncode == 0
    assert "test_config.py::" in done.stdout and "test_report.py::" not in done.stdout
    assert done.stdout.count("tests/browser left out, chromium is missing: apt-get install") == 1


def test_with_chromium_nothing_is_left_out(tmp_path):
    done = collected(tmp_path, chromium=True, ci="true")
    assert done.returncode == 0
    assert "test_config.py::" in done.stdout and "test_report.py::" in done.stdout
    assert "left out" not in done.stdout


def test_ci_refuses_to_leave_them_out(tmp_path):
    done = collected(tmp_path, chromium=False, ci="true")
    assert done.returncode == 4
    assert "chromium is missing" in done.stderr
