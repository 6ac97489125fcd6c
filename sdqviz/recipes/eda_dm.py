"""EDA-DM (arXiv 2401.04585): calls chosen by density and diversity, blocks reconstructed with the
errors of the layers inside them, weights and ranges at once. `eda_dm.md` says what is ours.
"""

from sdqviz.choices.density import DensityStage
from sdqviz.recipes.contract import Recipe, Step
from sdqviz.stages.calibrate import CalibrateStage
from sdqviz.stages.evaluate import EvaluateStage
from sdqviz.stages.pack import PackStage
from sdqviz.stages.plan import PlanStage
from sdqviz.stages.reconstruct import ReconstructStage
from sdqviz.stages.record import RecordStage
from sdqviz.stages.scenes import ScenesStage

RECIPE = Recipe(
    name="eda_dm",
    label="EDA-DM",
    summary="Calls by density and diversity, fine-grained blocks (arXiv 2401.04585).",
    paper="2401.04585",
    steps=(
        Step(ScenesStage),
        Step(RecordStage),
        Step(PlanStage),
        Step(
            CalibrateStage,
            defaults={"split_shortcuts": True, "equalise": False, "per_timestep": False},
        ),
        Step(DensityStage),
        Step(
            ReconstructStage,
            defaults={"inner_layers": 0.8, "weights_see": "mixed", "range_rate": 5e-4},
            fixed={"together": "joint", "hardness": 0.0, "range_iterations": 0},
        ),
        Step(PackStage),
        Step(EvaluateStage),
    ),
    presets={
        "quick": {
            "calibration_scenes": 4,
            "held_out_scenes": 3,
            "samples": 96,
            "iterations": 60,
        },
        "balanced": {
            "calibration_scenes": 8,
            "held_out_scenes": 8,
            "samples": 256,
            "iterations": 400,
        },
        "paper": {
            "calibration_scenes": 128,
            "held_out_scenes": 64,
            "steps": 50,
            "samples": 256,
            "iterations": 1000,
            "block_batch": 2,
            "rounding_rate": 3e-2,
            "range_rate": 1e-4,
            "looks": 12,
        },
    },
)
