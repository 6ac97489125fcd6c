"""The arms of the ablation: the fidelity recipe, its baselines, and it minus each idea.

Every arm is a change of the fidelity recipe's config, so all share the plan, the group size, the
8-bit ends, the time table, the optimiser steps and the samples a step, unless the arm's name
says otherwise. With 0 training steps the recipe is round-to-nearest.
"""

from typing import Any

BASE = "fidelity"  # the recipe that every arm changes
RTN_STATIC, SERIAL_TEACHER, FULL = "RTN static", "serial on teacher", "full recipe"

ARMS: dict[str, dict[str, Any]] = {
    RTN_STATIC: {"training_steps": 0, "per_timestep": False, "equalise": False},
    "RTN per timestep": {"training_steps": 0, "equalise": False},
    "RTN per timestep, equalised": {"training_steps": 0},
    SERIAL_TEACHER: {"order": "serial", "source": "teacher"},
    "parallel on teacher": {"source": "teacher"},
    FULL: {},
    "without multi-timestep": {"per_timestep": False},
    "without time table": {"time_rows": "none"},
    "without inter-layer distillation": {"inter_layer": 0.0},
    "without freezing": {"freezing": False},
    "without grouped weights": {"group": 0},
    "without equalisation": {"equalise": False},
    "without influence weighting": {"weighting": "uniform"},
    "smooth ranges": {"pair_shape": "smooth"},
    "guided target": {"target": "guided"},
}
# What is run at every bit width and first at every seed: the method against its baselines.
CENTRAL = (RTN_STATIC, SERIAL_TEACHER, FULL)
# Alternatives rather than ideas of the method: tried once, at the first seed.
TRIED = ("without influence weighting", "smooth ranges", "guided target")
