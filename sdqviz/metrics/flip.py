"""FLIP (Andersson et al. 2020): the difference seen when flipping between two pictures."""

import numpy as np

PIXELS_PER_DEGREE = 67.0


class Flip:
    name, label, direction, order = "flip", "FLIP", "lower", 4
    settings = "LDR, sRGB, 67 pixels per degree (0.7 m from a 0.7 m wide 4K display)"

    def unavailable(self) -> str | None:
        return None

    def score(self, reference: np.ndarray, test: np.ndarray) -> float:
        return float(_evaluate(reference, test, coloured=False)[1])

    def map(self, reference: np.ndarray, test: np.ndarray) -> np.ndarray:
        """The FLIP map in magma colours, 0 (black) to 1 (pale): uint8 [H, W, 3]."""
        picture = np.asarray(_evaluate(reference, test, coloured=True)[0])
        return (picture.clip(0, 1) * 255).round().astype(np.uint8)


def flip_values(reference: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The FLIP map itself: float32 [H, W] in 0..1, its mean is the score."""
    values = np.asarray(_evaluate(reference, test, coloured=False)[0])
    return values[..., 0] if values.ndim == 3 else values


def _evaluate(reference: np.ndarray, test: np.ndarray, coloured: bool) -> tuple:
    # The library exits the process on bad arguments, so they are checked here.
    if reference.shape != test.shape or reference.ndim != 3 or reference.shape[2] != 3:
        raise ValueError(f"pictures of shapes {reference.shape} and {test.shape}")
    from flip_evaluator import evaluate

    unit = [np.ascontiguousarray(p, dtype=np.float32) / 255 for p in (reference, test)]
    return evaluate(
        unit[0], unit[1], "LDR", applyMagma=coloured, parameters={"ppd": PIXELS_PER_DEGREE}
    )


METRIC = Flip()
