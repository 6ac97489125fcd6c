"""The caption grammar of the emoji scenes: what a mini model can be asked to draw.

`a|an [small|large] NAME [on the left|on the right|at the top|at the bottom] on a COLOUR background`
and `a|an NAME and a|an NAME on a COLOUR background`. No size word means medium, no position
word means centred, two objects stand left, then right. A tenth of all (names, colour, position)
combinations is kept out of training; `is_held_out` says which.
"""

import hashlib
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

NAMES: dict[str, str] = {
    "red apple": "\U0001f34e",
    "banana": "\U0001f34c",
    "strawberry": "\U0001f353",
    "watermelon": "\U0001f349",
    "carrot": "\U0001f955",
    "hamburger": "\U0001f354",
    "doughnut": "\U0001f369",
    "cupcake": "\U0001f9c1",
    "dog face": "\U0001f436",
    "cat face": "\U0001f431",
    "panda": "\U0001f43c",
    "fox": "\U0001f98a",
    "frog": "\U0001f438",
    "pig face": "\U0001f437",
    "monkey face": "\U0001f435",
    "penguin": "\U0001f427",
    "octopus": "\U0001f419",
    "butterfly": "\U0001f98b",
    "ladybug": "\U0001f41e",
    "fish": "\U0001f420",
    "rocket": "\U0001f680",
    "car": "\U0001f697",
    "sailboat": "\u26f5",
    "umbrella": "\u2602",
    "balloon": "\U0001f388",
    "key": "\U0001f511",
    "bell": "\U0001f514",
    "gift": "\U0001f381",
    "guitar": "\U0001f3b8",
    "sun": "\U0001f31e",
    "moon": "\U0001f319",
    "star": "\u2b50",
    "cactus": "\U0001f335",
    "sunflower": "\U0001f33b",
    "mushroom": "\U0001f344",
    "pumpkin": "\U0001f383",
    "heart": "\u2764",
    "soccer ball": "\u26bd",
    "basketball": "\U0001f3c0",
    "crown": "\U0001f451",
}

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "orange": (246, 142, 30),
    "yellow": (252, 222, 70),
    "green": (52, 160, 72),
    "teal": (18, 138, 138),
    "cyan": (126, 220, 236),
    "blue": (45, 98, 216),
    "navy": (22, 32, 92),
    "purple": (126, 62, 180),
    "pink": (250, 164, 194),
    "brown": (124, 80, 46),
    "white": (246, 246, 246),
    "gray": (130, 130, 130),
    "black": (20, 20, 20),
}

SIZES = ("small", "medium", "large")
POSITIONS = {
    "centre": "",
    "left": "on the left",
    "right": "on the right",
    "top": "at the top",
    "bottom": "at the bottom",
}


@dataclass(frozen=True, kw_only=True)
class Caption:
    """One emoji scene in words. `names` holds one name, or two (left, then right).

    An empty colour leaves the background unnamed; such captions are trained on, not scored.
    """

    names: tuple[str, ...]
    colour: str
    size: str = "medium"
    position: str = "centre"

    @property
    def text(self) -> str:
        ground = f"on {_article(self.colour)} background" if self.colour else ""
        if len(self.names) == 2:
            left, right = self.names
            return f"{_article(left)} and {_article(right)} {ground}".rstrip()
        sized = self.names[0] if self.size == "medium" else f"{self.size} {self.names[0]}"
        return " ".join(filter(None, (_article(sized), POSITIONS[self.position], ground)))


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def is_held_out(caption: Caption) -> bool:
    """True for the tenth of (names, colour, position) combinations never trained on.

    Size is not part of the combination, so a held-out combination is unseen at every size.
    """
    key = "|".join((*caption.names, caption.colour, caption.position))
    return hashlib.sha256(key.encode()).digest()[0] < 26


def all_captions() -> Iterator[Caption]:
    """Every single-object caption, then every two-object caption, held out or not."""
    for name, colour, size, position in itertools.product(NAMES, COLOURS, SIZES, POSITIONS):
        yield Caption(names=(name,), colour=colour, size=size, position=position)
    for pair in itertools.permutations(NAMES, 2):
        for colour in COLOURS:
            yield Caption(names=pair, colour=colour)


def held_out_captions(count: int, seed: int = 0) -> list[Caption]:
    """`count` held-out captions, a third of them with two objects, in a fixed random order."""
    single, double = _split([c for c in all_captions() if is_held_out(c)], random.Random(seed))
    doubles = min(count // 3, len(double))
    return single[: count - doubles] + double[:doubles]


def training_captions(doubles: int, seed: int = 0) -> list[Caption]:
    """All trainable single-object captions and `doubles` of the two-object ones."""
    single, double = _split([c for c in all_captions() if not is_held_out(c)], random.Random(seed))
    return single + double[:doubles]


def unnamed_scenes(count: int, seed: int = 0) -> list[tuple[Caption, tuple[int, int, int]]]:
    """`count` single-object captions without a colour word, each with a random background.

    They teach that position words hold whatever the colour is.
    """
    rng = random.Random(f"unnamed-{seed}")
    return [
        (
            Caption(
                names=(rng.choice(list(NAMES)),),
                colour="",
                size=rng.choice(SIZES),
                position=rng.choice(list(POSITIONS)),
            ),
            (rng.randrange(256), rng.randrange(256), rng.randrange(256)),
        )
        for _ in range(count)
    ]


def _split(captions: list[Caption], rng: random.Random) -> tuple[list[Caption], list[Caption]]:
    rng.shuffle(captions)
    return (
        [c for c in captions if len(c.names) == 1],
        [c for c in captions if len(c.names) == 2],
    )
