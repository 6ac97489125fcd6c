"""The fidelity recipe, after "Efficiency Meets Fidelity" (arXiv 2412.06661).

Serial-to-Parallel training, multi-timestep activation quantization, time information
precalculation, inter-layer distillation, selective freezing. `fidelity.md` beside this file says
what the paper states, what is ours, and what was measured.
"""

from sdqviz.recipes.contract import Recipe, Step
from sdqviz.stages.calibrate import CalibrateStage
from sdqviz.stages.distill import DistillStage
from sdqviz.stages.evaluate import EvaluateStage
from sdqviz.stages.influence import InfluenceStage
from sdqviz.stages.pack import PackStage
from sdqviz.stages.plan import PlanStage
from sdqviz.stages.record import RecordStage
from sdqviz.stages.scenes import ScenesStage
from sdqviz.stages.sensitivity import SensitivityStage

RECIPE = Recipe(
    name="fidelity",
    label="Fidelity (trained)",
    summary="Serial-to-Parallel distillation with a range per timestep (arXiv 2412.06661).",
    paper="2412.06661",
    steps=(
        Step(ScenesStage),
        Step(RecordStage),
        Step(PlanStage),
        Step(SensitivityStage, when="eight_bit_fraction"),
        Step(CalibrateStage),
        Step(InfluenceStage, when="training_steps"),
        Step(DistillStage, when="training_steps"),
        Step(PackStage),
        Step(EvaluateStage),
    ),
    presets={
        "quick": {
            "calibration_scenes": 2,
            "held_out_scenes": 3,
            "training_steps": 40,
            "training_scenes": 3,
            "rounds": 2,
            "previews": 2,
        },
        "balanced": {
            "calibration_scenes": 8,
            "held_out_scenes": 8,
            "training_steps": 360,
            "rounds": 6,
        },
        "paper": {
            "calibration_scenes": 64,
            "held_out_scenes": 64,
            "training_scenes": 64,
            "rounds": 8,
            "training_steps": 20_000,
            "steps": 50,
            "average": 0.999,
            "previews": 40,
        },
    },
)
