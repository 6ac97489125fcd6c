"""The README of a Space: front matter that the hub reads, and what the Space is."""

import json
from typing import Any

from sdqviz.publish.space.contract import Kind, Space
from sdqviz.views.compare.verdict import verdict
from sdqviz.views.runs.names import bits, run_name

THUMBNAIL = "thumbnail.png"
_SHORT = 60  # letters that the hub takes of a short description
_TAGS = ("quantization", "w4a8", "stable-diffusion", "diffusers", "text-to-image")


def space_readme(space: Space, kind: Kind) -> str:
    """Markdown; the front matter's values are JSON, which YAML contains."""
    front: dict[str, Any] = {
        "title": space.title,
        "emoji": "🔬",
        "colorFrom": "blue",
        "colorTo": "yellow",
        **kind.front(space),
        "short_description": _short(space),
        "pinned": False,
        "header": "mini",
        "tags": [*_TAGS, "sdqviz"],
    }
    if space.hub_models:
        front["models"] = space.hub_models
    if space.repo:
        page = f"https://huggingface.co/spaces/{space.repo}"
        front["thumbnail"] = f"{page}/resolve/main/{THUMBNAIL}"
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items()]
    shown = [f"- {run_name(run)}: {_answer(run)}" for run in space.runs]
    body = [
        f"# {space.title}",
        "",
        "Do I still get my picture? Stable Diffusion beside itself in few bits, from one noise: "
        "the same scenes by the floating-point and by the quantized model, where they differ, "
        "when the difference arises and in which layer.",
        "",
        kind.about,
        "",
        *shown,
        "",
    ]
    return "\n".join(["---", *lines, "---", "", *body])


def _short(space: Space) -> str:
    words = f"{bits(space.runs[0])} Stable Diffusion beside the original"
    return words[:_SHORT]


def _answer(run: Any) -> str:
    """The medians over the held-out scenes, in words."""
    measured = run.quantized.metrics
    columns = [
        {name: getattr(metric, which) for name, metric in measured.items()}
        for which in ("median", "floor", "ceiling")
    ]
    found = verdict(*columns)
    return found.sentence if found else "scored without FLIP."
