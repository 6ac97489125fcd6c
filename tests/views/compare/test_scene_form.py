import pytest

from sdqviz.runner.catalog import static_catalog
from sdqviz.views.compare.scene_form import OWN_SIZE, has_shift, parse_size, size_choices


@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl", "sd3"])
def test_sizes_follow_the_family_and_the_models_own_size(name):
    family = static_catalog()["families"][name]
    native = family["native_pixels"]
    published = size_choices(family, native, native)
    assert published[0][1] == OWN_SIZE
    assert [parse_size(value) for _, value in published[1:]] == list(family["sizes"])
    small = [parse_size(value) for _, value in size_choices(family, 128, 128)[1:]]
    assert small
    assert (128, 128) not in small  # that is the model's own, offered once
    assert all(width % 16 == 0 == height % 16 for width, height in small)
    assert has_shift(family) == (name == "sd3")


def test_the_own_size_of_a_run_that_chose_one_is_that():
    family = static_catalog()["families"]["sd1"]
    assert size_choices(family, 256, 384, chosen=True)[0] == ("256 x 384 (own)", "256x384")
