"""What a training needs beyond inference, estimated before it starts, as formulas
(`base.formula`) over its settings. Imports no torch.
"""

# Each round's walks by student and teacher; a step's forward, backward and teacher's forward are
# five calls of two samples.
NETWORK_CALLS = "3 * rounds * training_scenes * calls + 2.5 * training_steps * batch"

_MOVING = "(parameters if trainable == 'all' else parameters / 10)"
# Of what a step keeps for its backward pass, a sample: channels go with the root of the
# parameters (mini-sd1 measured; v1-4 comes out at 8 GB).
_ACTIVATIONS = "66 * sqrt(parameters) * side ** 2 * batch / (4 if gradient_checkpointing else 1)"
# The student, then gradient, two moments, the average and its swap for what moves: float32.
MEMORY_BYTES = f"4 * (2 * parameters + 5 * {_MOVING}) + {_ACTIVATIONS}"

# The state, twice while a new one is written; the trained student; four rounds' recorded calls.
DISK_BYTES = (
    f"32 * {_MOVING} + 4 * parameters + 48 * training_scenes * calls * channels * side ** 2"
)
