"""The fuzzers for ten minutes and more: at least 10,000 inputs, other ones each time."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


LEAST_INPUTS = 10_000
PASSING = re.compile(r"- (\d+) passing")


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_ten_thousand_inputs_and_more():
    fuzz = ["-n", "0", "--timeout", "3600", "--tb=short", "-W", "ignore", "tests/fuzz"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *fuzz, "-rf", "--hypothesis-show-statistics"],
        cwd=ROOT,
        env={**os.environ, "FUZZ_EXAMPLES": "120"},
        capture_output=True,
        text=True,
    )
    inputs = sum(map(int, PASSING.findall(done.stdout)))
    print(f"{inputs} inputs")
    assert done.returncode == 0, done.stdout[:20_000]
    assert inputs >= LEAST_INPUTS
