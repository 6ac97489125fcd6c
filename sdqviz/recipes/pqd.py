"""PQD (arXiv 2501.00124): block reconstruction on calls that stand for all, a range per timestep.
Little of it is public: `pqd.md` says what is a reading.
"""

from sdqviz.choices.coverage import CoverageStage
from sdqviz.recipes.contract import Recipe, Step
from sdqviz.recipes.q_diffusion import RECIPE as BEFORE
from sdqviz.stages.calibrate import CalibrateStage
from sdqviz.stages.reconstruct import ReconstructStage

_RANGES = {"split_shortcuts": False, "equalise": False, "per_timestep": True}

RECIPE = Recipe(
    name="pqd",
    label="PQD",
    summary="Blocks reconstructed on representative calls; a reading of arXiv 2501.00124.",
    paper="2501.00124",
    steps=(
        *BEFORE.steps[:3],
        Step(CalibrateStage, defaults=_RANGES),
        Step(CoverageStage),
        Step(ReconstructStage, fixed={"inner_layers": 0.0, "together": "apart"}),
        *BEFORE.steps[-2:],
    ),
    presets=BEFORE.presets,
)
