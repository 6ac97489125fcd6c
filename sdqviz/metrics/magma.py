"""The magma colour map (Smith and van der Walt 2015, CC0), in which FLIP's maps are drawn."""

import numpy as np

# 17 of its colours, evenly spaced; between them straight lines, within 3 of 255 of the original.
COLOURS = (
    *("000004", "0a0822", "1d1147", "36106b", "50127c", "691c81", "822681", "9c2e7f", "b6367a"),
    *("cf4070", "e65164", "f46a5c", "fb8861", "fea571", "fec287", "fde0a1", "fcfdbf"),
)


def magma(values: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] of float [H, W]: 0 is black, 1 or more pale yellow."""
    table = np.array([list(bytes.fromhex(colour)) for colour in COLOURS], dtype=np.float64)
    places = np.linspace(0, 1, len(table))
    channels = [np.interp(values, places, table[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)
