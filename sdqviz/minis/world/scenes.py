"""From a caption and a seed to its picture: what the caption leaves open, the seed decides."""

import hashlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from sdqviz.minis.world.captions import Caption
from sdqviz.minis.world.grounds import ground
from sdqviz.minis.world.places import view
from sdqviz.minis.world.sprites import sprite

IMAGE_PIXELS = 128
# Sides of the objects' squares as shares of the picture's.
SIZE_SHARES = {"small": 0.36, "medium": 0.53, "large": 0.75}
PAIR_SHARE = 0.45
ROTATION_DEGREES = 15.0
SIZE_JITTER = 0.10
PLACE_JITTER = 0.05
FLAT_SHARE = 0.3  # on grounds; among photographs every object is shaded
_SHADOW = 0.42


@dataclass(frozen=True, kw_only=True)
class Placement:
    """One object: its centre and its square's side as shares of the picture, and its pose."""

    name: str
    x: float
    y: float
    side: float
    degrees: float
    mirrored: bool


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A caption with what its seed decided about the objects."""

    caption: Caption
    style: str
    placements: tuple[Placement, ...]
    shadow: tuple[float, float]  # where the light throws it, as shares of the object's side
    ground_seed: int


def generator(*parts: object) -> np.random.Generator:
    """The same numbers for the same parts, on every machine."""
    key = "|".join(map(str, parts)).encode()
    return np.random.default_rng(int.from_bytes(hashlib.sha256(key).digest()[:8], "little"))


def scene(caption: Caption, seed: int) -> Scene:
    """What the seed decides for this caption."""
    rng = generator(caption.text, seed)
    flat = not caption.place and rng.random() < FLAT_SHARE
    angle, length = rng.uniform(0.15, 0.85) * np.pi, rng.uniform(0.04, 0.08)
    return Scene(
        caption=caption,
        style="flat" if flat else "shaded",
        placements=tuple(
            Placement(
                name=name,
                x=x + rng.uniform(-PLACE_JITTER, PLACE_JITTER),
                y=y + rng.uniform(-PLACE_JITTER, PLACE_JITTER),
                side=side * (1.0 + rng.uniform(-SIZE_JITTER, SIZE_JITTER)),
                degrees=float(rng.uniform(-ROTATION_DEGREES, ROTATION_DEGREES)),
                mirrored=bool(rng.random() < 0.5),
            )
            for name, x, y, side in _stands(caption)
        ),
        shadow=(float(np.cos(angle) * length), float(np.sin(angle) * length)),
        ground_seed=int(rng.integers(2**62)),
    )


def _stands(caption: Caption) -> list[tuple[str, float, float, float]]:
    """(name, x, y, side) before the seed moves them, left to right."""
    floor = 0.56 if caption.place else 0.5  # in a place they stand a little below the horizon
    if len(caption.names) == 2:
        left, right = caption.names
        return [(left, 0.27, floor, PAIR_SHARE), (right, 0.73, floor, PAIR_SHARE)]
    side = SIZE_SHARES[caption.size]
    near = max(side / 2 - 0.02, 0.24)
    x = {"left": near, "right": 1.0 - near}.get(caption.position, 0.5)
    y = {"top": near, "bottom": 1.0 - near}.get(caption.position, floor)
    if side > 0.7:  # a large one has little room; so that its position is still seen
        x = {"left": 0.37, "right": 0.63}.get(caption.position, 0.5)
        y = {"top": 0.37, "bottom": 0.63}.get(caption.position, 0.5)
    return [(caption.names[0], x, y, side)]


def render(caption: Caption, seed: int, pixels: int = IMAGE_PIXELS) -> Image.Image:
    """The ideal picture of a caption for this seed: RGB, pixels x pixels."""
    return paint(scene(caption, seed), pixels)


def paint(planned: Scene, pixels: int = IMAGE_PIXELS) -> Image.Image:
    """The picture of a planned scene: ground, shadows, objects."""
    caption, rng = planned.caption, generator(planned.ground_seed)
    if caption.place:
        behind = view(caption.place, pixels, rng)
    else:
        behind = ground(caption.colour, caption.pattern, pixels, rng)
    for placed in planned.placements:
        cut = np.asarray(_cut_out(placed, planned.style, pixels), dtype=np.float32)
        if caption.place:
            shadow = _contact_shadow(placed, pixels)
        else:
            shadow = _cast_shadow(cut[..., 3], planned.shadow, placed.side * pixels)
        behind = behind * (1.0 - _SHADOW * shadow[..., None])
        behind = behind * (1.0 - cut[..., 3:] / 255.0) + cut[..., :3]
    return Image.fromarray(np.clip(behind + 0.5, 0.0, 255.0).astype(np.uint8))


def _cut_out(placed: Placement, style: str, pixels: int) -> Image.Image:
    """The object on a clear picture, premultiplied RGBa, turned and in its place."""
    side = placed.side * pixels
    source = sprite(placed.name, style, side)
    scale, angle = source.width / side, np.radians(placed.degrees)
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    across = -1.0 if placed.mirrored else 1.0
    half, x, y = source.width / 2, placed.x * pixels, placed.y * pixels
    matrix = (
        across * cosine,
        across * sine,
        half - across * (cosine * x + sine * y),
        -sine,
        cosine,
        half - (cosine * y - sine * x),
    )
    return source.transform(
        (pixels, pixels), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC
    )


def _cast_shadow(alpha: np.ndarray, offset: tuple[float, float], side: float) -> np.ndarray:
    """The object's outline, moved and softened: float32 in 0 to 1."""
    shape = Image.fromarray(alpha.astype(np.uint8))
    moved = shape.transform(
        shape.size, Image.Transform.AFFINE, (1, 0, -offset[0] * side, 0, 1, -offset[1] * side)
    )
    soft = moved.filter(ImageFilter.GaussianBlur(0.045 * side))
    return np.asarray(soft, dtype=np.float32) / 255.0


def _contact_shadow(placed: Placement, pixels: int) -> np.ndarray:
    """A soft flat ellipse under the object: float32 in 0 to 1."""
    line = (np.arange(pixels, dtype=np.float32) + 0.5) / pixels
    across = (line - placed.x) / (0.46 * placed.side)
    down = (line - placed.y - 0.47 * placed.side) / (0.10 * placed.side)
    distance = across[None, :] ** 2 + down[:, None] ** 2
    return np.exp(-1.2 * distance)
