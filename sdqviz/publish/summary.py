"""The four figures that the project's README shows, from the measurements."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdqviz.publish.result_tables import bundled_metrics, bundled_result

SUMMARY_COLUMNS = ("measured", "FP32", "W4A8", "to compare")
_BASE, _OURS = "fp32_eager", "w4a8_compiled"


def summary_rows(steps: Sequence[dict[str, Any]], assets: Path) -> list[tuple[str, str, str, str]]:
    """Picture error and size of the bundled trained run; time and memory of a step at v1-4's size.

    steps: the rows of `sdqviz bench step`.
    """
    flip = bundled_metrics(assets, "fidelity")["flip"]
    size = bundled_result(assets, "fidelity")["size"]
    fp, ours = (next(row for row in steps if row["contender"] == n) for n in (_BASE, _OURS))
    return [
        (
            "difference of the pictures, FLIP, mini-sd1",
            f"0 (bfloat16: {flip['floor']:.3f})",
            f"**{flip['median']:.3f}**",
            f"{flip['ceiling']:.3f} (another seed)",
        ),
        ("its network, packed", *_pair(size["fp_bytes"], size["bytes"], 1e6, "MB")),
        ("one network call at v1-4's size", *_pair(fp["median_s"], ours["median_s"], 1.0, "s")),
        (
            "peak memory of it, loading included",
            *_pair(fp["peak_bytes"], ours["peak_bytes"], 1e9, "GB"),
        ),
    ]


def _pair(fp: float, ours: float, unit: float, name: str) -> tuple[str, str, str]:
    return f"{fp / unit:.1f} {name}", f"**{ours / unit:.1f} {name}**", f"{ours / fp:.2f} of FP32"
