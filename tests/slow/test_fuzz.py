"""The fuzzers for ten minutes and more: at least 10,000 inputs, other ones each time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_ten_thousand_inputs_and_more():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "--timeout", "3600", "-q", "tests/fuzz"],
        cwd=ROOT,
        env={**os.environ, "FUZZ_EXAMPLES": "60"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
