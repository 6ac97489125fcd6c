"""The fidelity recipe, after "Efficiency Meets Fidelity" (arXiv 2412.06661).

Serial-to-Parallel training, multi-timestep activation quantization, time information
precalculation, inter-layer distillation, selective freezing. `fidelity.md` beside this file says
what the paper states, what is ours, and what was measured.
"""

from dataclasses import dataclass, fields

from sdqviz.base.config import option
from sdqviz.layers.learned_ranges import FREE, SHAPES
from sdqviz.recipes.round_nearest import RoundNearestConfig
from sdqviz.stages.calibrate import CalibrateStage
from sdqviz.stages.contract import Stage
from sdqviz.stages.distill import DistillStage
from sdqviz.stages.evaluate import EvaluateStage
from sdqviz.stages.influence import INFLUENCE, WEIGHTINGS, InfluenceStage
from sdqviz.stages.pack import PackStage
from sdqviz.stages.record import RecordStage
from sdqviz.stages.sensitivity import SensitivityStage
from sdqviz.training.batches import ORDERS, PARALLEL
from sdqviz.training.losses import BRANCHES, TARGETS
from sdqviz.training.recorded_calls import SOURCES, STUDENT
from sdqviz.training.trainer import ALL, TRAINABLE


@dataclass(frozen=True, kw_only=True)
class FidelityConfig(RoundNearestConfig):
    """How the student is trained; what it starts from is `RoundNearestConfig`."""

    equalise: bool = option(
        True,
        label="Channel equalisation",
        help="Divide each input channel by a factor that its weights take over (SmoothQuant).",
    )
    training_steps: int = option(
        150, label="Training steps", help="Optimiser steps; 0 trains nothing.", low=0, high=10**7
    )
    batch: int = option(
        16, label="Batch", help="Recorded calls a step learns from.", low=1, high=4096
    )
    training_scenes: int = option(
        8, label="Scenes a round", help="Trajectories of one serial phase.", low=1, high=4096
    )
    rounds: int = option(
        2,
        label="Rounds",
        help="Serial phases; each walks new scenes with the student as it is then. The newest "
        "four train together.",
        low=1,
        high=1000,
    )
    source: str = option(
        STUDENT, label="Walked by", help="Whose trajectory the serial phase takes.", choices=SOURCES
    )
    order: str = option(
        PARALLEL,
        label="Order",
        help="Shuffled over timesteps, or along the walk as EfficientDM trains.",
        choices=ORDERS,
    )
    weighting: str = option(
        INFLUENCE,
        label="Timestep weighting",
        help="By what an error at each call does to the final picture (measured), or uniform.",
        choices=WEIGHTINGS,
    )
    target: str = option(
        BRANCHES,
        label="Target",
        help="Each guidance branch by itself, or their guided combination.",
        choices=TARGETS,
    )
    trainable: str = option(
        ALL, label="Trained", help="What moves; scales or lora fit a small GPU.", choices=TRAINABLE
    )
    lora_rank: int = option(
        32, label="LoRA rank", help="Rank of the weight's change.", low=1, high=1024
    )
    weight_rate: float = option(
        4e-3,
        label="Weight rate",
        help="Share of a weight code's width that a weight may move a step.",
        low=0.0,
        high=1.0,
    )
    scale_rate: float = option(
        2e-3, label="Scale rate", help="Relative change of a scale a step.", low=0.0, high=1.0
    )
    pair_shape: str = option(
        FREE,
        label="Ranges over time",
        help="Each timestep's range learns freely, or as a smooth function of time (TDQ).",
        choices=SHAPES,
    )
    inter_layer: float = option(
        1.0,
        label="Inter-layer weight",
        help="Weight (lambda) of the block errors beside the output error; 0 is none.",
        low=0.0,
        high=100.0,
    )
    freezing: bool = option(
        True, label="Selective freezing", help="Stop blocks that no longer learn."
    )
    freeze_plateau: float = option(
        0.005,
        label="Plateau",
        help="Frozen when a block's error reaches no new best, lower by this share, for as many "
        "windows as its patience.",
        low=-1.0,
        high=1.0,
    )
    freeze_patience: int = option(
        6, label="Patience", help="In windows; the training has twelve.", low=1, high=12
    )
    freeze_oscillation: float = option(
        0.5,
        label="Oscillation",
        help="Frozen when more than this share of code changes undo earlier ones.",
        low=0.0,
        high=1.0,
    )
    average: float = option(
        0.98,
        label="Averaging",
        help="Decay of the moving average that is packed.",
        low=0.0,
        high=0.99999,
    )
    clip: float = option(
        1.0, label="Gradient clip", help="Largest norm of a step's gradient.", low=1e-9, high=1e9
    )
    precision: str = option(
        "bf16", label="Precision", help="Of the training's arithmetic.", choices=("fp32", "bf16")
    )
    gradient_checkpointing: bool = option(
        False, label="Gradient checkpointing", help="Less memory for a third more time."
    )
    eight_bit_fraction: float = option(
        0.0,
        label="Share at 8 bits",
        help="Most sensitive weights that keep 8 bits, as a share of all; 0 is none.",
        low=0.0,
        high=1.0,
    )
    previews: int = option(
        6, label="Previews", help="Looks at a fixed scene while training.", low=0, high=1000
    )
    seed: int = option(
        0, label="Training seed", help="Fixes scenes and order.", low=0, high=2**31 - 1
    )

    def training_fields(self) -> list[str]:
        """The fields that a trained student depends on."""
        untrained = {f.name for f in fields(RoundNearestConfig)}  # found by the calibration
        return sorted({f.name for f in fields(self)} - untrained)


class Fidelity:
    name = "fidelity"
    label = "Fidelity (trained)"
    summary = "Serial-to-Parallel distillation with a range per timestep (arXiv 2412.06661)."
    config = FidelityConfig
    presets = {
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
    }

    def stages(self) -> list[Stage]:
        return [
            RecordStage(),
            SensitivityStage(),
            CalibrateStage(),
            InfluenceStage(),
            DistillStage(),
            PackStage(),
            EvaluateStage(),
        ]


RECIPE = Fidelity()
