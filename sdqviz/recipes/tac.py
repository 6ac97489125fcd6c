"""TAC-Diffusion (arXiv 2407.03917): a factor on the packed network's output for each step, fitted
in sampling order. `tac.md` says what is ours.
"""

from sdqviz.corrections.stepwise import StepwiseStage
from sdqviz.recipes.contract import Recipe, Step
from sdqviz.recipes.q_diffusion import RECIPE as BEFORE

RECIPE = Recipe(
    name="tac",
    label="TAC-Diffusion",
    summary="Reconstructed blocks; the output scaled step by step (arXiv 2407.03917).",
    paper="2407.03917",
    steps=(*BEFORE.steps[:-1], Step(StepwiseStage), BEFORE.steps[-1]),
    presets=BEFORE.presets,
)
