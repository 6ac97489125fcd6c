"""`pytest -m slow tests/slow -n 0`: published sizes quantized for real within a limit.

Needs 8 GB of disk and 16 GB of memory; not part of the default run, for its minutes.
"""

import json
import os
import subprocess
import sys

import pytest

from sdqviz.base.request import quantize_request
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.estimate import estimate_quantize
from tests.slow.real_size import save_real_size

GIBI = 2**30
QUICK = ("steps=2", "calibration_scenes=1", "held_out_scenes=1", "guidance=1")


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("family", "latent_side", "dtype", "limit"),
    [
        ("sd1", 16, "float32", 12 * GIBI),
        ("sdxl", 16, "float32", 16 * GIBI),
        ("sdxl", 16, "bfloat16", 16 * GIBI),
    ],
)
def test_peak_memory(tmp_path, family, latent_side, dtype, limit):
    folder = save_real_size(tmp_path / family, family, latent_side)
    command = [sys.executable, "-m", "sdqviz", "quantize", str(folder), "--dtype", dtype, "--json"]
    command += ["--recipe", "round_nearest", *(p for v in QUICK for p in ("--set", v))]
    environment = {**os.environ, "SDQVIZ_HOME": str(tmp_path / "home")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    report = json.loads(said)
    peak = used.ru_maxrss * 1024
    print(
        f"\n{family} {dtype}: peak {peak / GIBI:.2f} GiB, {report['seconds']:.0f} s, "
        f"{report['bytes'] / 1e6:.0f} of {report['fp_bytes'] / 1e6:.0f} MB"
    )
    assert report["bytes"] < 0.15 * report["fp_bytes"]
    assert peak < limit
    catalog = static_catalog()
    config = {"steps": 2, "calibration_scenes": 1, "held_out_scenes": 1}
    spec = quantize_request(catalog, str(folder), "round_nearest", "quick", config, dtype=dtype)
    estimated = estimate_quantize(spec, catalog).memory_bytes
    assert 0.7 * peak < estimated < 1.4 * peak  # nobody is refused, or let in, for nothing
