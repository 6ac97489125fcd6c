"""The words of the minis' world: objects, grounds, colours, places, sizes and positions."""

from sdqviz.minis.captions import COLOURS, NAMES, POSITIONS, SIZES

__all__ = ["COLOURS", "NAMES", "PATTERNS", "PLACES", "POSITIONS", "SIZES", "STYLES"]

# "plain" is the one without a word: a background of one colour, with a light on it.
PATTERNS = ("plain", "cloudy", "striped", "checkered", "dotted", "wooden")

PLACES = {
    "forest": "in the forest",
    "park": "in the park",
    "city": "in the city",
    "apartment": "in the apartment",
    "studio": "in the studio",
    "sky": "in the sky",
    "sunset": "at the sunset",
    "workshop": "in the workshop",
}

# Shaded (Fluent Emoji 3D) and flat (Noto); never in a caption, the seed chooses.
STYLES = ("shaded", "flat")
