"""Parts of a result for tests that need only some of their fields."""

from dataclasses import replace
from typing import Any

from sdqviz.base.scene import Scene
from sdqviz.results.layer import LayerRow, WeightFormat
from sdqviz.results.metric import MetricSummary
from sdqviz.results.pictures import Pictures
from sdqviz.results.scene import SceneRow
from sdqviz.results.steps import StepSeconds
from sdqviz.store.run import Run

_SCENE = SceneRow(
    id="0" * 12,
    settings={"prompt": "a key", "seed": 1},
    prompt="a key",
    seed=1,
    metrics={},
    floor={},
    ceiling={},
    replay=[0.1],
    free_run=[0.1],
    timesteps=[1.0],
    uncalibrated_calls=0,
    truncated=None,
    max_difference=1,
    step_seconds=StepSeconds(fp=1.0, student=1.0),
    pictures=Pictures(fp="fp.png", student="student.png", other_seed="other.png"),
)
_LAYER = LayerRow(
    name="a.conv",
    kind="conv",
    role="block",
    parameters=9,
    weight=WeightFormat(bits=4, group=32),
    activation_bits=8,
    ranges=[],
    reason="",
)
_METRIC = MetricSummary(
    label="SSIM", median=0.9, floor=1.0, ceiling=0.5, direction="higher", settings=""
)


def drawn_result(base: Run, prompt: str, **settings: Any) -> dict[str, Any]:
    """The result of a generate run that drew this prompt with a run's models."""
    scene = Scene(prompt=prompt, **settings)
    row = scene_row(id=scene.id, prompt=prompt, seed=scene.seed, settings=scene.as_dict())
    names = ("metrics", "per_step", "timesteps", "step_seconds", "model", "engine", "peak_bytes")
    kept = {name: (base.result or {})[name] for name in names}
    return {**kept, "run": base.id, "scenes": [row.as_row()], "seconds": 1.0}


def scene_row(**changes: Any) -> SceneRow:
    return replace(_SCENE, **changes)


def layer_row(**changes: Any) -> LayerRow:
    return replace(_LAYER, **changes)


def metric_summary(**changes: Any) -> MetricSummary:
    return replace(_METRIC, **changes)
