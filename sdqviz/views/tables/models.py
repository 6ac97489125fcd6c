"""Models by recipes as a Markdown table."""

from collections.abc import Sequence
from typing import Any

# Scores between their references, in this order; those that every row has.
_SCORES = {"flip": "FLIP", "ssim": "SSIM", "st_lpips": "ST-LPIPS (alex)"}


def model_table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: held-out medians with their 95 % intervals between noise floor and another seed,
    size and cost.
    """
    scored = [name for name in _SCORES if all(name in row["metrics"] for row in rows)]
    heads = [column for name in scored for column in (_SCORES[name], "floor", "other seed")]
    columns = ("model", "recipe", *heads, "PSNR", "network MB, of FP", "seconds", "peak GB")
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for row in rows:
        cells = (
            row["model"],
            f"`{row['recipe']}`",
            *(cell for name in scored for cell in _cells(row["metrics"][name])),
            f"{row['metrics']['psnr']['median']:.1f}",
            f"{row['bytes'] / 1e6:.1f}, {row['bytes'] / row['fp_bytes']:.2f}",
            f"{row['seconds']:.0f}",
            f"{row['peak_bytes'] / 1e9:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cells(score: dict[str, Any]) -> tuple[str, str, str]:
    ends = " to ".join(f"{end:.3f}" for end in score.get("interval") or ())
    sure = f" ({ends})" if ends else ""
    return f"**{score['median']:.3f}**{sure}", f"{score['floor']:.3f}", f"{score['ceiling']:.3f}"
