"""Round to nearest: calibrated activation ranges, no training. The baseline of every table."""

from sdqviz.recipes.contract import Recipe, Step
from sdqviz.stages.calibrate import CalibrateStage
from sdqviz.stages.evaluate import EvaluateStage
from sdqviz.stages.pack import PackStage
from sdqviz.stages.plan import PlanStage
from sdqviz.stages.record import RecordStage
from sdqviz.stages.scenes import ScenesStage

RECIPE = Recipe(
    name="round_nearest",
    label="Round to nearest",
    summary="Weights to the nearest 4-bit code, activation ranges per timestep. No training.",
    steps=(
        Step(ScenesStage),
        Step(RecordStage),
        Step(PlanStage),
        Step(CalibrateStage, defaults={"equalise": False}),
        Step(PackStage),
        Step(EvaluateStage),
    ),
    presets={
        "quick": {"calibration_scenes": 2, "held_out_scenes": 3},
        "balanced": {"calibration_scenes": 8, "held_out_scenes": 12},
        "paper": {"calibration_scenes": 64, "held_out_scenes": 64, "steps": 50},
    },
)
