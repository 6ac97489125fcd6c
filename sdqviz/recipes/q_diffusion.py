"""Q-Diffusion (arXiv 2302.04304): AdaRound by blocks on samples spread evenly over the timesteps,
shortcuts split, one learned range for all timesteps. `q_diffusion.md` says what is ours.
"""

from sdqviz.choices.uniform import UniformStage
from sdqviz.recipes.contract import Recipe, Step
from sdqviz.stages.calibrate import CalibrateStage
from sdqviz.stages.evaluate import EvaluateStage
from sdqviz.stages.pack import PackStage
from sdqviz.stages.plan import PlanStage
from sdqviz.stages.reconstruct import ReconstructStage
from sdqviz.stages.record import RecordStage
from sdqviz.stages.scenes import ScenesStage

RECIPE = Recipe(
    name="q_diffusion",
    label="Q-Diffusion",
    summary="AdaRound by blocks on calls spread evenly over time (arXiv 2302.04304).",
    paper="2302.04304",
    steps=(
        Step(ScenesStage),
        Step(RecordStage),
        Step(PlanStage),
        Step(
            CalibrateStage,
            defaults={"split_shortcuts": True, "equalise": False, "per_timestep": False},
        ),
        Step(UniformStage),
        Step(ReconstructStage, fixed={"inner_layers": 0.0, "together": "apart"}),
        Step(PackStage),
        Step(EvaluateStage),
    ),
    presets={
        "quick": {
            "calibration_scenes": 4,
            "held_out_scenes": 3,
            "samples": 96,
            "timesteps": 12,
            "iterations": 60,
            "range_iterations": 20,
        },
        "balanced": {
            "calibration_scenes": 8,
            "held_out_scenes": 8,
            "samples": 320,
            "iterations": 400,
            "range_iterations": 100,
        },
        "paper": {
            "calibration_scenes": 128,
            "held_out_scenes": 64,
            "steps": 50,
            "samples": 6400,
            "iterations": 20_000,
            "range_iterations": 5000,
            "rounding_rate": 1e-3,
            "range_rate": 4e-4,
            "looks": 12,
        },
    },
)
