"""Models by recipes as a Markdown table."""

from collections.abc import Sequence
from typing import Any

_COLUMNS = (
    "model",
    "recipe",
    "FLIP",
    "floor",
    "other seed",
    "SSIM",
    "floor",
    "other seed",
    "PSNR",
    "network MB, of FP",
    "seconds",
    "peak GB",
)


def model_table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: held-out medians between noise floor and another seed, size and cost."""
    lines = [f"| {' | '.join(_COLUMNS)} |", "|" + "---|" * len(_COLUMNS)]
    for row in rows:
        flip, ssim, psnr = (row["metrics"][name] for name in ("flip", "ssim", "psnr"))
        cells = (
            row["model"],
            f"`{row['recipe']}`",
            f"**{flip['median']:.3f}**",
            f"{flip['floor']:.3f}",
            f"{flip['ceiling']:.3f}",
            f"**{ssim['median']:.3f}**",
            f"{ssim['floor']:.3f}",
            f"{ssim['ceiling']:.3f}",
            f"{psnr['median']:.1f}",
            f"{row['bytes'] / 1e6:.1f}, {row['bytes'] / row['fp_bytes']:.2f}",
            f"{row['seconds']:.0f}",
            f"{row['peak_bytes'] / 1e9:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
