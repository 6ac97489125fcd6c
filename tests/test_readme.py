"""What the README shows in Python runs as it is written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import sdqviz
from tests.conftest import QUICK

README = Path(__file__).parents[1] / "README.md"


def test_the_plain_diffusers_script_draws(tiny_folder, home, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (script,) = [block for block in blocks if "sdqviz.register()" in block]
    assert len(script.splitlines()) <= 10
    out = tmp_path / "my-w4a8"
    sdqviz.quantize(
        str(tiny_folder), recipe="round_nearest", config={**QUICK, "time_rows": "all"}, out=out
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, env=os.environ)
    assert (tmp_path / "rocket.png").stat().st_size > 0
