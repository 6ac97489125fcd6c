"""Errors over the sampling steps."""

from collections.abc import Sequence

from sdqviz.views.charts.svg import Series, line_chart

_FREE, _REPLAY = "var(--sdq-orange)", "var(--sdq-blue)"  # paler on a dark page


def step_errors(
    replay: Sequence[float], free_run: Sequence[float], timesteps: Sequence[float]
) -> str:
    """The central picture: where precision is lost, and whether it matters."""
    final = f"{free_run[-1]:.2g}" if free_run else "unknown"
    return line_chart(
        [
            Series("free run: own latents, own errors", free_run, _FREE),
            Series("replay: the FP model's latents at every step", replay, _REPLAY, dashed=True),
        ],
        [f"{t:g}" for t in timesteps],
        "timestep (sampling runs to the right)",
        "relative squared error",
        f"Relative squared error over the sampling steps; the free run ends at {final}",
    )
