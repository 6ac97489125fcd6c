"""sFID (Nash et al. 2021): FID over features that keep their place in the picture."""

from sdqviz.metrics.sets.fid import Fid


class SpatialFid(Fid):
    name, label, order = "sfid", "sFID to FP", 1
    settings = (
        "TensorFlow's Inception-v3 of 2015-12-05 (torch-fidelity), the first 7 channels of "
        "mixed_6/conv (17 x 17), bilinear resize to 299 as TensorFlow 1; the reference is the FP "
        "model's pictures of the same scenes"
    )


SET_METRIC = SpatialFid()
