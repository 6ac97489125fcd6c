import pytest

from sdqviz.base.request import quantize_request
from sdqviz.families.sources import minis, read_json
from sdqviz.runner.catalog import static_catalog
from sdqviz.runner.estimate import estimate_quantize
from sdqviz.runner.latent_side import latent_side

MINI = minis()["mini-sd1"]


@pytest.mark.parametrize(
    ("sample_size", "settings", "side"),
    [
        (64, {}, 64),
        (64, {"width": 0, "height": 0}, 64),
        (64, {"width": 256, "height": 256}, 32),
        (64, {"width": 1024, "height": 256}, 64),
        (64, {"width": 128}, 32),  # the height stays the model's own, 512
        ([32, 128], {}, 64),
        (None, {}, 64),
    ],
)
def test_the_side_is_that_of_the_pictures_area(sample_size, settings, side):
    assert len(read_json(MINI / "vae" / "config.json")["block_out_channels"]) == 4
    assert latent_side(MINI, {"sample_size": sample_size}, settings) == side


def test_a_smaller_picture_is_estimated_cheaper():
    own, half = (
        estimate_quantize(
            quantize_request(static_catalog(), "mini-sd1", "round_nearest", "balanced", config),
            static_catalog(),
        )
        for config in ({}, {"width": 64, "height": 64})
    )
    assert half.seconds < own.seconds
    assert half.disk_bytes < own.disk_bytes
