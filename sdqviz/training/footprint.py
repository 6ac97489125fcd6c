"""What a training needs beyond inference, estimated before it starts. Imports no torch."""

from dataclasses import dataclass
from typing import Any

CALLS = 5.0  # a step's forward, backward and teacher's forward, in calls of two samples
# Of what a step keeps for its backward pass, a sample: channels go with the root of the
# parameters (mini-sd1 measured; v1-4 comes out at 8 GB).
ACTIVATION_BYTES = 66.0


@dataclass(frozen=True)
class Footprint:
    """Estimated, not measured: network calls of work, bytes of memory, bytes of disk."""

    calls: float
    memory_bytes: float
    disk_bytes: float


def training_footprint(settings: dict[str, Any], parameters: int, side: int) -> Footprint:
    """Of a recipe's config for a network with `parameters` at latents of `side` x `side`."""
    steps = settings.get("training_steps", 0)
    if not steps:
        return Footprint(0, 0, 0)
    scenes = settings["rounds"] * settings["training_scenes"]
    calls = 3 * scenes * settings["steps"] + steps * settings["batch"] / 2 * CALLS
    moving = parameters if settings["trainable"] == "all" else parameters / 10
    activations = ACTIVATION_BYTES * parameters**0.5 * side * side * settings["batch"]
    if settings["gradient_checkpointing"]:
        activations /= 4
    buffer = settings["training_scenes"] * settings["steps"] * 3 * 4 * side * side * 4
    # The student, then gradient, two moments, the average and its swap for what moves.
    memory = 4 * (2 * parameters + 5 * moving) + activations
    state = 4 * 4 * moving  # on disk twice while a new one is written
    return Footprint(calls, memory, 2 * state + 4 * parameters + 4 * buffer)
