"""EfficientDM (arXiv 2310.03270): low-rank training along the FP model's own walk, a range per
timestep. The nearest rival of `fidelity`; `efficient_dm.md` says what is ours.
"""

from sdqviz.recipes.contract import Recipe, Step
from sdqviz.stages.calibrate import CalibrateStage
from sdqviz.stages.distill import DistillStage
from sdqviz.stages.evaluate import EvaluateStage
from sdqviz.stages.pack import PackStage
from sdqviz.stages.plan import PlanStage
from sdqviz.stages.record import RecordStage
from sdqviz.stages.scenes import ScenesStage

_NO_FREEZING = {
    **{"freezing": False, "freeze_plateau": 0.0, "freeze_patience": 12, "freeze_oscillation": 1.0},
}

RECIPE = Recipe(
    name="efficient_dm",
    label="EfficientDM",
    summary="Low-rank training step by step along the FP model's walk (arXiv 2310.03270).",
    paper="2310.03270",
    steps=(
        Step(ScenesStage),
        Step(RecordStage),
        Step(PlanStage),
        Step(CalibrateStage, defaults={"equalise": False}),
        Step(
            DistillStage,
            defaults={"average": 0.0, "rounds": 1},
            fixed={
                **{"order": "serial", "source": "teacher", "target": "guided"},
                **{"trainable": "lora", "inter_layer": 0.0, "pair_shape": "free"},
                **_NO_FREEZING,
            },
        ),
        Step(PackStage),
        Step(EvaluateStage),
    ),
    presets={
        "quick": {
            "calibration_scenes": 2,
            "held_out_scenes": 3,
            "training_steps": 52,
            "training_scenes": 8,
            "previews": 2,
        },
        "balanced": {
            "calibration_scenes": 8,
            "held_out_scenes": 8,
            "training_steps": 364,
            "training_scenes": 24,
        },
        "paper": {
            "calibration_scenes": 64,
            "held_out_scenes": 64,
            "steps": 100,
            "training_scenes": 320,
            "training_steps": 16_000,
            "batch": 4,
            "weight_rate": 4e-4,
            "scale_rate": 5e-4,
            "previews": 40,
        },
    },
)
