"""The settings of a block reconstruction."""

from dataclasses import dataclass

from sdqviz.base.config import option

QUANTIZED, TEACHER, MIXED = "quantized", "fp", "mixed"
INPUTS = (QUANTIZED, TEACHER, MIXED)  # what a block's input comes from
ADAROUND, NEAREST = "adaround", "nearest"
APART, JOINT = "apart", "joint"


@dataclass(frozen=True, kw_only=True)
class ReconstructionOptions:
    iterations: int = option(
        100,
        label="Iterations a block",
        help="Optimiser steps for each block's weights; 0 rounds them to nearest.",
        low=0,
        high=10**6,
        first=6,
    )
    range_iterations: int = option(
        50,
        label="Iterations of its ranges",
        help="Optimiser steps for each block's activation ranges, afterwards; 0 keeps them.",
        low=0,
        high=10**6,
    )
    block_batch: int = option(
        8, label="Batch of a block", help="Samples an optimiser step.", low=1, high=4096
    )
    rounding_rate: float = option(
        0.02,
        label="Rounding rate",
        help="Adam's rate for the rounding variables.",
        low=0.0,
        high=10.0,
    )
    range_rate: float = option(
        2e-3, label="Range rate", help="Relative change of a range a step.", low=0.0, high=1.0
    )
    hardness: float = option(
        0.01,
        label="Hardness",
        help="Weight (lambda) of what drives each weight to one of its two codes; 0 is none.",
        low=0.0,
        high=1e3,
    )
    inner_layers: float = option(
        0.0,
        label="Inner layers' weight",
        help="Weight (gamma) of the errors of the layers inside a block.",
        low=0.0,
        high=100.0,
    )
    alignment: float = option(
        0.0,
        label="Alignment",
        help="How much more a sample counts whose gradient agrees with those of all timesteps "
        "(GAC); 0 counts all alike.",
        low=0.0,
        high=100.0,
    )
    alignment_groups: int = option(
        5, label="Groups", help="Of neighbouring timesteps that are to agree.", low=1, high=100
    )
    weights_see: str = option(
        QUANTIZED,
        label="Blocks' inputs",
        help="From the network quantized so far, the FP network, or a mixture of both, element by "
        "element (QDrop).",
        choices=INPUTS,
    )
    together: str = option(
        APART,
        label="Weights and ranges",
        help="Weights first and then ranges, in a walk each, or both in one.",
        choices=(APART, JOINT),
    )
    looks: int = option(
        2, label="Previews", help="Looks at a fixed scene meanwhile.", low=0, high=100
    )
