import pytest

from sdqviz.base.errors import SdqvizError
from sdqviz.base.keys import content_key, seed_from
from sdqviz.base.scene import MAX_SEED, Scene


def test_the_id_depends_on_everything_that_fixes_the_picture():
    base = Scene(prompt="a key")
    others = [
        Scene(prompt="a bell"),
        Scene(prompt="a key", seed=1),
        Scene(prompt="a key", steps=24),
        Scene(prompt="a key", guidance=4.5),
        Scene(prompt="a key", scheduler="ddim"),
        Scene(prompt="a key", negative_prompt="red"),
        Scene(prompt="a key", width=64),
        Scene(prompt="a key", shift=3.0),
    ]
    assert len({base.id, *(scene.id for scene in others)}) == 1 + len(others)
    assert Scene.from_dict(base.as_dict()) == base


@pytest.mark.parametrize(
    "values",
    [
        {"prompt": "  "},
        {"prompt": "a" * 10_001},
        {"prompt": "a key", "width": 100},
        {"prompt": "a key", "seed": -1},
        {"prompt": "a key", "seed": MAX_SEED + 1},
        {"prompt": "a key", "steps": 0},
        {"prompt": "a key", "scheduler": "heun"},
    ],
)
def test_bad_scenes_are_refused(values):
    with pytest.raises(SdqvizError) as caught:
        Scene.from_dict(values)
    assert caught.value.hint


def test_a_scene_keeps_the_name_that_older_runs_gave_it():
    later = ("shift", "spacing")
    given = {k: v for k, v in Scene(prompt="a key").as_dict().items() if k not in later}
    assert Scene(prompt="a key").id == content_key("scene", given)[:12]


def test_keys_and_seeds_do_not_depend_on_the_process():
    # Literals: Python's own hash would differ from run to run.
    assert content_key("a", {"y": 2, "x": 1}) == content_key("a", {"x": 1, "y": 2})
    assert seed_from("held_out", "a key", 0) == 7407385496399677418
