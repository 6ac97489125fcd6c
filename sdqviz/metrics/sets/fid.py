"""FID (Heusel et al. 2017) of the quantized model's pictures to the FP model's own."""

from typing import Any

import numpy as np

from sdqviz.metrics.sets import inception


class Fid:
    name, label, direction, order = "fid", "FID to FP", "lower", 0
    settings = (
        "TensorFlow's Inception-v3 of 2015-12-05 (torch-fidelity), 2048 pooled features, bilinear "
        "resize to 299 as TensorFlow 1; the reference is the FP model's pictures of the same scenes"
    )
    smallest_count = 2048  # of fewer pictures the covariance of 2048 features is singular

    def unavailable(self) -> str | None:
        return inception.unavailable()

    def extractor(self, device: str) -> inception.InceptionFeatures:
        return inception.load_features(device)

    def score(self, reference: np.ndarray, test: np.ndarray) -> dict[str, Any]:
        return {"value": inception.frechet_distance(reference, test)}


SET_METRIC = Fid()
