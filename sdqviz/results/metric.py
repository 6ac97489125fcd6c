"""A metric over the held-out scenes."""

from dataclasses import dataclass

from sdqviz.results.row import Row

HIGHER = "higher"


@dataclass(frozen=True, kw_only=True)
class MetricSummary(Row):
    """Medians over the scenes of the quantized picture's score against the FP picture, and of the
    two references that place it (`metrics.contract.summarise`).

    In the metric's own unit: SSIM and (ST-)LPIPS without one, PSNR in dB, FLIP 0 to 1.
    The noise floor is the difference that bfloat16 makes, whatever format the FP model runs in: its
    picture in that format against the one computed in bfloat16, or in float32 where its own format
    is bfloat16. Of float16 models, runs of before compared with float32 instead.
    `interval` is the median's 95 % interval, None of a single scene and in older runs. Runs of
    before also name metrics that were not available: `median`, `floor` and `ceiling` are None then.
    """

    label: str
    median: float | None
    interval: tuple[float, float] | None = None
    floor: float | None  # the noise floor
    ceiling: float | None  # the FP model with another seed
    direction: str  # "higher" or "lower" is better
    settings: str  # all that the number depends on: others do not compare

    @property
    def is_measured(self) -> bool:
        return self.median is not None

    @property
    def higher_is_better(self) -> bool:
        return self.direction == HIGHER
