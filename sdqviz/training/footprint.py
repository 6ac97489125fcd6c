"""What a training needs beyond inference, estimated before it starts, as formulas
(`base.formula`) over its settings. Imports no torch. `training.ledger` computes the same from the
code itself; a test holds one to the other.
"""

from collections.abc import Mapping
from typing import Any

from sdqviz.base.formula import evaluate

# Each round's walks by student and teacher; a step's forward, backward and teacher's forward are
# five calls of one sample for each of the batch.
NETWORK_CALLS = "3 * rounds * training_scenes * calls + 5 * training_steps * batch / branches"

_MOVING = "(parameters if trainable == 'all' else parameters / 10)"
# Of what a step keeps for its backward pass, a sample: channels go with the root of the
# parameters (the ledger says 1.6 GB for v1-4, 9.9 for XL, 9.8 for v3 medium, in half precision).
# Block outputs of both networks are kept whatever is computed again.
_SAMPLE = (
    "(13.5 * sqrt(parameters) * side ** 2 * (2 if precision == 'fp32' else 1)"
    " / (3 if gradient_checkpointing else 1))"
)
ACTIVATION_BUDGET = 4e9  # bytes that a micro-batch takes when nothing else is asked for
_ACTIVATIONS = (
    f"(micro_batch * {_SAMPLE} if micro_batch > 0 else "
    f"max({_SAMPLE}, min(batch * {_SAMPLE}, {ACTIVATION_BUDGET})))"
)
_BESIDE = "(1 if optimizer_on == 'device' else 1 if gpu == 0 else 0)"
# The student, float32, where its weights move, else the teacher's own; gradient, two moments and
# the average of what moves.
_MOMENTS = "(8 if optimizer_bits == 32 else 2)"
DEVICE_BYTES = (
    f"(4 * parameters if trainable == 'all' else 0) + (8 + {_MOMENTS}) * {_MOVING} * {_BESIDE}"
    f" + {_ACTIVATIONS}"
)
# Masters, gradients, two moments and the average.
MEMORY_BYTES = f"(12 + {_MOMENTS}) * {_MOVING} * (1 - {_BESIDE})"

# The state, twice while a new one is written; the trained student; four rounds' recorded calls.
DISK_BYTES = (
    f"2 * (8 + {_MOMENTS}) * {_MOVING} + 4 * parameters"
    " + 48 * training_scenes * calls * channels * side ** 2"
)


def micro_batch(settings: Mapping[str, Any], parameters: int, side: float) -> int:
    """How many samples of a batch are in memory at a time."""
    known = {**settings, "parameters": parameters, "side": side}
    asked = settings["micro_batch"] or int(ACTIVATION_BUDGET / evaluate(_SAMPLE, known))
    return max(1, min(settings["batch"], asked))


def training_bytes(known: Mapping[str, Any]) -> float:
    """What a training takes on its device beside the model."""
    return evaluate(DEVICE_BYTES, known)


def ways_out(settings: Mapping[str, Any], micro: int) -> str:
    """What a training that does not fit can be asked for instead."""
    ways = []
    if micro > 1:
        ways.append(f"micro_batch: {micro // 2}")
    if not settings["gradient_checkpointing"]:
        ways.append("gradient_checkpointing: true")
    if settings["optimizer_on"] != "cpu":
        ways.append("optimizer_on: cpu")
    if settings["optimizer_bits"] != 8:
        ways.append("optimizer_bits: 8")
    if settings["trainable"] == "all":
        ways.append("trainable: lora or scales")
    return "choose " + ", or ".join(ways or ["a smaller picture or model"])
