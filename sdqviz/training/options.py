"""The settings of a training."""

from dataclasses import dataclass

import torch

from sdqviz.base.config import option
from sdqviz.layers.learned_ranges import FREE, SHAPES
from sdqviz.training.batches import ORDERS, PARALLEL
from sdqviz.training.losses import BRANCHES, TARGETS
from sdqviz.training.optimizer import BITS, FLOAT32
from sdqviz.training.recorded_calls import SOURCES, STUDENT
from sdqviz.training.trainer import ALL, TRAINABLE

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}  # what is cast to
HOST, DEVICE = "cpu", "device"


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    training_steps: int = option(
        150,
        label="Training steps",
        help="Optimiser steps; 0 trains nothing.",
        low=0,
        high=10**7,
        first=5,
    )
    batch: int = option(
        16, label="Batch", help="Recorded calls a step learns from.", low=1, high=4096
    )
    micro_batch: int = option(
        0,
        label="Micro-batch",
        help="Of a batch, how many are in memory at a time; 0 takes as many as fit into 4 GB.",
        low=0,
        high=4096,
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
        "bf16",
        label="Precision",
        help="Of the training's arithmetic; fp16 for cards without bf16.",
        choices=tuple(PRECISIONS),
    )
    optimizer_on: str = option(
        HOST,
        label="Optimiser on",
        help="Where its state lies: in the host's memory, or on the GPU, which is faster and takes "
        "16 bytes a trained weight.",
        choices=(HOST, DEVICE),
    )
    optimizer_bits: int = option(
        FLOAT32,
        label="Optimiser bits",
        help="Of its two moments: 8 takes 2 bytes a trained weight instead of 8, and needs "
        "bitsandbytes.",
        choices=BITS,
    )
    gradient_checkpointing: bool = option(
        False, label="Gradient checkpointing", help="Less memory for a third more time."
    )
    previews: int = option(
        6, label="Previews", help="Looks at a fixed scene while training.", low=0, high=1000
    )

    @property
    def autocast(self) -> torch.dtype | None:
        """What the student computes in; None is float32."""
        return PRECISIONS[self.precision]

    @property
    def shares_weights(self) -> bool:
        """Whether the student's weights never move: they then are the teacher's own tensors."""
        return self.trainable != ALL
