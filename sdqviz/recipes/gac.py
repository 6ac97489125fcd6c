"""GAC (arXiv 2602.01289): block reconstruction in which a sample counts by how far its gradient
agrees with those of all timesteps. `gac.md` says what is ours.
"""

from sdqviz.choices.uniform import UniformStage
from sdqviz.recipes.contract import Recipe, Step
from sdqviz.recipes.q_diffusion import RECIPE as BEFORE
from sdqviz.stages.calibrate import CalibrateStage
from sdqviz.stages.reconstruct import ReconstructStage

_RANGES = {"split_shortcuts": False, "equalise": False, "per_timestep": True}

RECIPE = Recipe(
    name="gac",
    label="GAC (gradient-aligned)",
    summary="Samples weighed so that the timesteps' gradients agree (arXiv 2602.01289).",
    paper="2602.01289",
    steps=(
        *BEFORE.steps[:3],
        Step(CalibrateStage, defaults=_RANGES),
        Step(UniformStage),
        Step(
            ReconstructStage,
            defaults={"alignment": 2.0},
            fixed={"inner_layers": 0.0, "together": "apart", "range_iterations": 0},
        ),
        *BEFORE.steps[-2:],
    ),
    presets={
        name: {key: value for key, value in preset.items() if key != "range_iterations"}
        for name, preset in BEFORE.presets.items()
    },
)
