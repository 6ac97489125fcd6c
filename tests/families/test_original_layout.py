"""The helper that writes checkpoints in the original layout, at the published depths."""

import diffusers
import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

from sdqviz.families.published import PUBLISHED
from tests.original_layout import original_unet

UNETS = [published for published in PUBLISHED if published.family != "sd3"]


@pytest.mark.parametrize("published", UNETS, ids=lambda published: published.family)
def test_diffusers_reads_a_published_unet_back(published):
    with torch.device("meta"):
        network = diffusers.UNet2DConditionModel(**published.config)
    original = original_unet(network)
    assert len(original) == len(network.state_dict())
    read = convert_ldm_unet_checkpoint(dict(original), dict(network.config))
    own = network.state_dict()
    assert {name: tensor.shape for name, tensor in read.items()} == {
        name: tensor.shape for name, tensor in own.items()
    }
