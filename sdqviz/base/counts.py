"""How many of a thing may be asked for: a number without an end is refused, by its name."""

from sdqviz.base.errors import SdqvizError

MOST_SEEDS = 100  # of each arm of an ablation; each is a training
MOST_COMPARED_SEEDS = 1000  # of each prompt of a comparison
MOST_COMPARED_SCENES = 10_000  # whose trajectories and scores are kept; `--count` takes more
MOST_ROUNDS = 10_000  # timed steps of a benchmark
MOST_LATENT_SIDE = 512  # of a benchmark: a picture of 4096 pixels
MOST_SHEET_SCENES = 256
MOST_ACROSS = 16  # scenes side by side
MOST_JOBS = 10_000  # queued or worked
MOST_PORT = 65_535


def check_count(name: str, value: int, low: int, high: int) -> int:
    """The value, if it lies between both; raises SdqvizError with name, value and limits."""
    if not low <= value <= high:
        raise SdqvizError(f"{name} is {value}", f"give {low} to {high}")
    return value
