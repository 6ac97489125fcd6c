"""PTQD (arXiv 2305.10657): block reconstruction, and the packed network's output corrected by what
of its error follows the output. `ptqd.md` says what is ours.
"""

from sdqviz.corrections.correlated import CorrelatedStage
from sdqviz.recipes.contract import Recipe, Step
from sdqviz.recipes.q_diffusion import RECIPE as BEFORE

RECIPE = Recipe(
    name="ptqd",
    label="PTQD",
    summary="Reconstructed blocks; the output's correlated error corrected (arXiv 2305.10657).",
    paper="2305.10657",
    steps=(*BEFORE.steps[:-1], Step(CorrelatedStage), BEFORE.steps[-1]),
    presets={
        "quick": BEFORE.presets["quick"],
        "balanced": BEFORE.presets["balanced"],
        "paper": {
            **BEFORE.presets["paper"],
            **{"samples": 1024, "iterations": 10_000, "correction_scenes": 128},
        },
    },
)
