"""Reference values of SSIMULACRA 2, from libjxl's own program.

    apt install libjxl-devtools          (0.11 or newer: Debian 13)
    python -m tests.metrics.ssimulacra2_reference [PROGRAM]

writes ssimulacra2_reference.json beside this file: what the program says of `disturbed()`.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from sdqviz.metrics.ssimulacra2 import METRIC
from tests.metrics.st_lpips_reference import pairs

REFERENCE = Path(__file__).with_suffix(".json")


def disturbed() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The larger pairs of ST-LPIPS, and a part as large as a mini's picture: fewer scales."""
    found = {n: pair for n, pair in pairs().items() if min(pair[0].shape[:2]) >= METRIC.smallest}
    sides = {"128 pixels": (128, 128), "smallest": (METRIC.smallest, 120)}
    parts = {
        f"{name}, {words}": (found[name][0][:height, :width], found[name][1][:height, :width])
        for name in ("noise", "levels")
        for words, (height, width) in sides.items()
    }
    return {**found, **parts}


def main() -> None:
    program = sys.argv[1] if len(sys.argv) > 1 else "ssimulacra2"
    values = {}
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{which}.png" for which in "ab"]
        for name, pictures in disturbed().items():
            for file, picture in zip(files, pictures, strict=True):
                Image.fromarray(picture).save(file)
            told = subprocess.run([program, *files], capture_output=True, text=True, check=True)
            values[name] = float(told.stdout.split()[0])
    REFERENCE.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
