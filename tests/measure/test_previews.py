import numpy as np
import torch

from sdqviz.measure.previews import colour_fit, projected


def test_an_affine_colour_map_is_found_again():
    torch.manual_seed(0)
    latents = torch.randn(4, 6, 5)
    true = torch.randn(5, 3) * 20
    true[-1] += 128
    columns = torch.cat([latents.flatten(1).T, torch.ones(30, 1)], dim=1)
    colours = (columns @ true).reshape(6, 5, 3).clamp(0, 255)
    picture = colours.round().to(torch.uint8).numpy().repeat(8, axis=0).repeat(8, axis=1)
    drawn = projected(latents, colour_fit(latents, picture))
    assert drawn.shape == (6, 5, 3)
    assert np.abs(drawn.astype(int) - picture[::8, ::8].astype(int)).max() <= 3


def test_a_long_sampling_still_fits_into_its_strip():
    from sdqviz.measure.previews import LONGEST, cell_side

    assert cell_side(26) == 96
    for calls in (171, 1000):
        assert 1 <= cell_side(calls) * calls <= LONGEST
