import hashlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sdqviz.minis.world.captions import Caption, held_out_captions, training_captions
from sdqviz.minis.world.dataset import open_dataset, write_dataset
from sdqviz.minis.world.grounds import ground
from sdqviz.minis.world.places import PANORAMA_PIXELS, place_file, view
from sdqviz.minis.world.scenes import generator, paint, render, scene
from sdqviz.minis.world.sources import tone_map
from sdqviz.minis.world.sprites import SPRITE_PIXELS, sprite, sprite_file
from sdqviz.minis.world.vocabulary import COLOURS, NAMES, PATTERNS, PLACES, STYLES


def test_sprites_and_panoramas_ship():
    for name in NAMES:
        for style in STYLES:
            assert sprite_file(name, style).is_file()
            assert sprite(name, style, 50.5).size == (56, 56)
        with Image.open(sprite_file(name, "shaded")) as picture:
            assert picture.size == (SPRITE_PIXELS, SPRITE_PIXELS)
            assert picture.mode == "RGBA"
    for place in PLACES:
        with Image.open(place_file(place)) as picture:
            assert picture.size == PANORAMA_PIXELS


def test_a_caption_and_a_seed_are_one_picture():
    for caption in held_out_captions(12):
        first = np.asarray(render(caption, 3))
        assert first.shape == (128, 128, 3)
        assert np.array_equal(first, np.asarray(render(caption, 3)))
        assert not np.array_equal(first, np.asarray(render(caption, 4)))


def test_what_a_seed_decides_is_the_same_on_every_machine():
    """The judge's style labels and the nearest training picture hang on these numbers."""
    planned = [scene(caption, 5) for caption in held_out_captions(8)]
    assert hashlib.sha256(repr(planned).encode()).hexdigest()[:16] == "1f7bd892c02c2baf"


def test_objects_stand_where_the_caption_says():
    caption = Caption(names=("key",), colour="blue")
    for seed in range(20):
        placed = {
            position: scene(replace(caption, position=position), seed).placements[0]
            for position in ("left", "right", "top", "bottom", "centre")
        }
        assert placed["left"].x < 0.4 < 0.6 < placed["right"].x
        assert placed["top"].y < 0.4 < 0.6 < placed["bottom"].y
        assert 0.4 < placed["centre"].x < 0.6
        left, right = scene(replace(caption, names=("key", "fox")), seed).placements
        assert (left.name, right.name) == ("key", "fox")
        assert left.x < 0.4 < 0.6 < right.x
        sizes = [
            scene(replace(caption, size=s), seed).placements[0].side for s in ("small", "large")
        ]
        assert sizes[0] < 0.42 < 0.66 < sizes[1]


def test_the_object_is_painted_in_its_place():
    """The pixels that differ from the same scene without objects surround the placement."""
    planned = scene(Caption(names=("sun",), colour="navy", position="left", size="small"), 1)
    with_it, without = paint(planned), paint(replace(planned, placements=()))
    changed = np.abs(np.asarray(with_it, float) - np.asarray(without, float)).max(-1) > 60
    rows, columns = np.nonzero(changed)
    assert columns.mean() / 128 == pytest.approx(planned.placements[0].x, abs=0.03)
    assert rows.mean() / 128 == pytest.approx(planned.placements[0].y, abs=0.03)


def test_a_mirrored_turned_object_is_the_reflection_of_one_turned_back():
    planned = scene(Caption(names=("guitar",), colour="white", size="large"), 0)
    bare = replace(planned.placements[0], x=0.5, y=0.5, degrees=12.0, mirrored=False)
    other = replace(bare, degrees=-12.0, mirrored=True)
    still = replace(planned, shadow=(0.0, 0.05))
    plain = np.asarray(paint(replace(still, placements=())), float)

    def mask(placement: object) -> np.ndarray:
        drawn = np.asarray(paint(replace(still, placements=(placement,))), float)
        return np.abs(drawn - plain).max(-1) > 60

    one, two = mask(bare), mask(other)
    assert (one != two[:, ::-1]).mean() < 0.02
    assert (one != two).mean() > 0.1


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_ground_keeps_its_colours_hue(pattern: str):
    for colour, wanted in COLOURS.items():
        base = np.array(wanted, dtype=np.float64)
        mean = ground(colour, pattern, 64, generator(pattern, colour)).mean((0, 1))
        assert np.abs(mean - base).max() < 75.0, colour
        hue, seen = base - base.mean(), mean - mean.mean()
        if np.linalg.norm(hue) > 10.0:
            assert hue @ seen > 0.98 * np.linalg.norm(hue) * np.linalg.norm(seen), colour
        else:
            assert np.linalg.norm(seen) < 3.0, colour


def test_patterns_and_views_differ_by_seed():
    for pattern in PATTERNS:
        one, two = (ground("blue", pattern, 64, generator(seed)) for seed in (0, 1))
        assert np.abs(one - two).mean() > 1.0
    for place in PLACES:
        one, two = (view(place, 64, generator(seed)) for seed in (0, 1))
        assert np.abs(one - two).mean() > 5.0


def test_tone_mapping_survives_broken_pixels_and_keeps_order():
    light = np.full((64, 64, 3), 0.2, dtype=np.float32)
    light[:32] *= 2.0
    light[40, 40], light[41, 41], light[42, 42] = np.nan, np.inf, -1.0
    mapped = tone_map(light, 1.0)
    assert mapped.dtype == np.uint8
    assert mapped[10, 10, 0] > mapped[60, 10, 0] > 20


def test_a_dataset_goes_on_where_it_stopped(tmp_path):
    write_dataset(tmp_path, count=6, workers=1)
    whole = open_dataset(tmp_path)
    assert whole.captions == training_captions(6)
    for index in (0, 5):
        assert np.array_equal(
            whole.pictures[index], np.asarray(render(whole.captions[index], index))
        )
    (tmp_path / "rendered.txt").write_text("2")
    assert len(open_dataset(tmp_path).captions) == 2
    write_dataset(tmp_path, count=6, workers=1)
    assert len(open_dataset(tmp_path).captions) == 6
