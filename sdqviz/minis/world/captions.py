"""The caption grammar of the minis' world: what a mini model can be asked to draw.

`a|an [small|large] NAME [POSITION] on a|an [PATTERN] COLOUR background`, the same with a place in
the ground's stead (`in the forest`, `at the sunset`), and `a|an NAME and a|an NAME ...` (left, then
right). No size word means medium, no position word centred, no pattern word plain. Everything else
belongs to the seed. A tenth of all (names, ground, position) combinations is kept out of training;
`is_held_out` says which.
"""

import hashlib
import random
from dataclasses import dataclass, replace

from sdqviz.minis.world.vocabulary import COLOURS, NAMES, PATTERNS, PLACES, POSITIONS, SIZES

_DOUBLE_SHARE = 0.3
_PLACE_SHARE = 1 / 3
_PLAIN_SHARE = 0.3  # the other grounds share the rest equally


@dataclass(frozen=True, kw_only=True)
class Caption:
    """One scene in words. `names` holds one name, or two (left, then right).

    Either `place` is set, or `colour` with `pattern`.
    """

    names: tuple[str, ...]
    colour: str = ""
    pattern: str = "plain"
    place: str = ""
    size: str = "medium"
    position: str = "centre"

    def __post_init__(self) -> None:
        if bool(self.place) == bool(self.colour):
            raise ValueError(
                f"a caption has a colour or a place, not place={self.place!r} with "
                f"colour={self.colour!r}; leave one of them empty"
            )

    @property
    def ground(self) -> str:
        """The words for what stands behind the objects."""
        if self.place:
            return PLACES[self.place]
        words = self.colour if self.pattern == "plain" else f"{self.pattern} {self.colour}"
        return f"on {_article(words)} background"

    @property
    def text(self) -> str:
        if len(self.names) == 2:
            return f"{_article(self.names[0])} and {_article(self.names[1])} {self.ground}"
        sized = self.names[0] if self.size == "medium" else f"{self.size} {self.names[0]}"
        return " ".join(filter(None, (_article(sized), POSITIONS[self.position], self.ground)))


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def grammar_words() -> list[str]:
    """Every word a caption can hold, sorted."""
    phrases = [*NAMES, *COLOURS, *SIZES, *PATTERNS, *POSITIONS.values(), *PLACES.values()]
    phrases.append("a an and on background")
    return sorted({word for phrase in phrases for word in phrase.split()})


def is_held_out(caption: Caption) -> bool:
    """True for the tenth of (names, ground, position) combinations never trained on.

    Size is not part of the combination, so a held-out combination is unseen at every size.
    """
    key = "|".join((*caption.names, caption.ground, caption.position))
    return hashlib.sha256(key.encode()).digest()[0] < 26


def draw_caption(rng: random.Random, held_out: bool, places: bool | None = None) -> Caption:
    """A random caption, held out from training or not; a third in places unless `places` says."""
    while True:
        caption = _any_caption(rng, places)
        if is_held_out(caption) == held_out:
            return caption


def _any_caption(rng: random.Random, places: bool | None) -> Caption:
    in_place = rng.random() < _PLACE_SHARE if places is None else places
    if in_place:
        caption = Caption(names=(), place=rng.choice(list(PLACES)))
    else:
        plain = rng.random() < _PLAIN_SHARE
        pattern = "plain" if plain else rng.choice(PATTERNS[1:])
        caption = Caption(names=(), pattern=pattern, colour=rng.choice(list(COLOURS)))
    if rng.random() < _DOUBLE_SHARE:
        return replace(caption, names=tuple(rng.sample(list(NAMES), 2)))
    return replace(
        caption,
        names=(rng.choice(list(NAMES)),),
        size=rng.choice(SIZES),
        position=rng.choice(list(POSITIONS)),
    )


def held_out_captions(count: int, seed: int = 0) -> list[Caption]:
    """`count` different held-out captions in a fixed random order."""
    rng, drawn = random.Random(f"held-out-{seed}"), {}
    while len(drawn) < count:
        caption = draw_caption(rng, held_out=True)
        drawn[caption.text] = caption
    return list(drawn.values())


def training_captions(count: int, seed: int = 0, places: bool | None = None) -> list[Caption]:
    """`count` captions that are trained on; some occur more than once."""
    rng = random.Random(f"training-{seed}-{places}")
    return [draw_caption(rng, held_out=False, places=places) for _ in range(count)]
