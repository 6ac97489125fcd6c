"""Round to nearest: calibrated activation ranges, no training. The baseline of every table."""

from dataclasses import dataclass

from sdqviz.base.config import option
from sdqviz.base.scene import AUTO, SCHEDULERS
from sdqviz.layers.plan import PlanConfig
from sdqviz.quant.ranges import SEARCHES
from sdqviz.stages.calibrate import CalibrateStage
from sdqviz.stages.contract import Stage
from sdqviz.stages.evaluate import EvaluateStage
from sdqviz.stages.pack import PackStage
from sdqviz.stages.record import RecordStage


@dataclass(frozen=True, kw_only=True)
class RoundNearestConfig(PlanConfig):
    """Sampler settings of the calibration, and how ranges are found."""

    calibration_scenes: int = option(
        4, label="Calibration scenes", help="Trajectories that set the ranges.", low=1, high=4096
    )
    held_out_scenes: int = option(
        4, label="Held-out scenes", help="Scenes that score the result.", low=1, high=4096
    )
    steps: int = option(25, label="Steps", help="Sampling steps.", low=1, high=1000)
    scheduler: str = option(
        AUTO,
        label="Sampler",
        help="The solver; auto takes the usual one of the model's family.",
        choices=(AUTO, *SCHEDULERS),
    )
    guidance: float = option(
        0.0, label="Guidance", help="Guidance scale; 0 takes the model's own.", low=0.0, high=30.0
    )
    range_search: str = option(
        "mse", label="Range search", help="How activation ranges are found.", choices=SEARCHES
    )
    per_timestep: bool = option(
        True, label="Ranges per timestep", help="One range per timestep, or one for all."
    )
    timestep_group: int = option(
        1, label="Timesteps a range", help="Neighbours that share a range.", low=1, high=1000
    )
    equalise: bool = option(
        False,
        label="Channel equalisation",
        help="Divide each input channel by a factor that its weights take over (SmoothQuant).",
    )
    lpips_net: str = option(
        "squeeze",
        label="LPIPS backbone",
        help="Which network LPIPS compares with; numbers of two are not comparable.",
        choices=("squeeze", "alex", "vgg"),
    )

    @property
    def plan(self) -> PlanConfig:
        return PlanConfig(
            weight_bits=self.weight_bits,
            group=self.group,
            activation_bits=self.activation_bits,
            end_weight_bits=self.end_weight_bits,
            first_activation_bits=self.first_activation_bits,
            time_rows=self.time_rows,
        )


class RoundNearest:
    name = "round_nearest"
    label = "Round to nearest"
    summary = "Weights to the nearest 4-bit code, activation ranges per timestep. No training."
    config = RoundNearestConfig
    presets = {
        "quick": {"calibration_scenes": 2, "held_out_scenes": 3},
        "balanced": {"calibration_scenes": 8, "held_out_scenes": 12},
        "paper": {"calibration_scenes": 64, "held_out_scenes": 64, "steps": 50},
    }

    def stages(self) -> list[Stage]:
        return [RecordStage(), CalibrateStage(), PackStage(), EvaluateStage()]


RECIPE = RoundNearest()
