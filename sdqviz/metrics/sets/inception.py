"""The Inception-v3 that FID is defined by (the TensorFlow graph of 2015-12-05), as `torch-fidelity`
carries it. Its weights are fetched once; never random ones.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

FILE = "weights-inception-2015-12-05-6726825d.pth"
SIZE = "96 MB"
POOLED = "2048"  # torch-fidelity's name of the features after the last pooling
SPATIAL_CHANNELS = 7  # Nash et al. 2021, as OpenAI's evaluation code reads it


def weights_file() -> Path:
    """Where torch-fidelity keeps and looks for the weights."""
    return Path(torch.hub.get_dir()) / "checkpoints" / FILE


def unavailable() -> str | None:
    """Why Inception cannot serve here; None when it can."""
    try:
        import torch_fidelity  # noqa: F401
    except ImportError:
        return "not installed: run pip install 'sdqviz[fid]'"
    if not weights_file().exists():
        return f"not available offline: run sdqviz fetch metrics --net inception ({SIZE})"
    return None


def fetch_weights() -> Path:
    """Downloads the weights that torch-fidelity publishes and returns their file."""
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    file = weights_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.hub.load_state_dict_from_url(URL_INCEPTION_V3, progress=False, weights_only=True)
    return file


class InceptionFeatures:
    """Pictures uint8 [B, 3, H, W] -> {"fid": [B, 2048], "sfid": [B, 7 * 17 * 17]}, float32.

    sFID's are the first channels of the first convolution of Mixed_6d ("mixed_6/conv"), after its
    ReLU.
    """

    kind = "inception"

    def __init__(self, network: Any, device: str) -> None:
        self.network, self.device = network.eval().to(device), device

    @torch.no_grad()
    def __call__(self, pictures: torch.Tensor, prompts: Sequence[str]) -> dict[str, np.ndarray]:
        seen: list[torch.Tensor] = []
        hook = self.network.Mixed_6d.branch1x1.register_forward_hook(
            lambda module, given, output: seen.append(output[:, :SPATIAL_CHANNELS])
        )
        try:
            (pooled,) = self.network(pictures.to(self.device))
        finally:
            hook.remove()
        spatial = seen[0].permute(0, 2, 3, 1).flatten(1)
        return {"fid": _array(pooled), "sfid": _array(spatial)}


def load_features(device: str) -> InceptionFeatures:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    network = FeatureExtractorInceptionV3("inception-v3-compat", [POOLED], str(weights_file()))
    return InceptionFeatures(network, device)


def frechet_distance(reference: np.ndarray, test: np.ndarray) -> float:
    """Between Gaussians fitted to features float32 [N, D] (Heusel et al. 2017, section 4)."""
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    statistics = [fid_features_to_statistics(torch.from_numpy(f)) for f in (reference, test)]
    named = fid_statistics_to_metric(*statistics, verbose=False)
    return float(next(iter(named.values())))


def _array(features: torch.Tensor) -> np.ndarray:
    return features.float().cpu().numpy()
