import os
import subprocess
import sys

import torch

from sdqviz.kernels.triton_w4a8 import ENGINE
from sdqviz.quant.spec import ActivationSpec


def test_the_kernels_agree_with_the_reference_in_tritons_interpreter():
    done = subprocess.run(
        [sys.executable, "-m", "tests.kernels.triton_cases"],
        env={**os.environ, "TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "all agree", done.stderr[-3000:]


def test_it_refuses_the_cpu_with_the_reason():
    assert "the model is on cpu" in (ENGINE.refusal(torch.device("cpu"), ActivationSpec()) or "")
