"""ST-LPIPS (Ghildyal and Liu 2022): LPIPS on features that a shift of a pixel does not change.

Its weights ship, so that a learned metric is there without a download. They were trained from
scratch by its authors; its numbers do not compare with those of LPIPS.
"""

import hashlib
from functools import lru_cache

import numpy as np
import torch
from safetensors.torch import load
from torch.nn import functional as F

from sdqviz.base.assets import assets_folder
from sdqviz.base.errors import SdqvizError
from sdqviz.metrics.magma import magma

WEIGHTS = "metrics/st_lpips_alex.safetensors"
WEIGHTS_SHA256 = "b1aa4710fe7429861c581715710c3d9748ae458bd6b9a82bb72166631068dca9"
SMALLEST = 21  # pixels a side: less, and nothing is left to blur before the third convolution

_PADDINGS = (2, 2, 1, 1, 1)  # of the five convolutions
_BLURRED_FIRST = (1, 2)  # convolutions whose input is pooled and blurred
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of RGB in [-1, 1], as in LPIPS
_EPSILON = 1e-10


class StLpips:
    name, label, direction, order = "st_lpips", "ST-LPIPS (alex)", "lower", 1
    smallest = SMALLEST
    settings = "shift-tolerant LPIPS ST0.0, alex, fp16 weights, inputs in [-1, 1], own resolution"

    def unavailable(self) -> str | None:
        return None

    def score(self, reference: np.ndarray, test: np.ndarray) -> float:
        return float(sum(layer.mean() for layer in _distances(reference, test)))

    def map(self, reference: np.ndarray, test: np.ndarray) -> np.ndarray:
        """Where the distance lies, in magma colours, 0 (black) to 1 (pale): uint8 [H, W, 3]."""
        return magma(st_lpips_values(reference, test))


def st_lpips_values(reference: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The map itself: float32 [H, W], the five layers' distances enlarged and summed."""
    size = reference.shape[:2]
    layers = [
        F.interpolate(layer, size=size, mode="bilinear", align_corners=False)
        for layer in _distances(reference, test)
    ]
    return torch.stack(layers).sum(0)[0, 0].numpy()


def _distances(reference: np.ndarray, test: np.ndarray) -> list[torch.Tensor]:
    """Per layer the weighted squared difference of the unit features: float32 [1, 1, h, w]."""
    if reference.shape != test.shape or reference.ndim != 3 or reference.shape[2] != 3:
        raise ValueError(f"pictures of shapes {reference.shape} and {test.shape}")
    if min(reference.shape[:2]) < SMALLEST:
        height, width = reference.shape[:2]
        raise SdqvizError(
            f"ST-LPIPS cannot judge {width} x {height} pixels",
            f"give pictures of at least {SMALLEST} x {SMALLEST}",
        )
    with torch.no_grad():
        return layer_distances(*(_pixels(picture) for picture in (reference, test)))


def layer_distances(one: torch.Tensor, other: torch.Tensor) -> list[torch.Tensor]:
    """The same for batches of pixels float32 [B, 3, H, W] in [-1, 1], with gradients to them:
    float32 [B, 1, h, w] per layer.
    """
    weights = {name: tensor.to(one.device) for name, tensor in _weights().items()}
    pair = [_features(pixels, weights) for pixels in (one, other)]
    return [
        F.conv2d((_unit(first) - _unit(second)).square(), weights[f"linear{index}.weight"])
        for index, (first, second) in enumerate(zip(*pair, strict=True))
    ]


def _pixels(picture: np.ndarray) -> torch.Tensor:
    """uint8 [H, W, 3] as float32 [1, 3, H, W] in [-1, 1]."""
    return torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1


def _features(pixels: torch.Tensor, weights: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """The five layers' features of each picture: float32 [B, C, h, w]."""
    shift, scale = (
        torch.tensor(values, device=pixels.device)[None, :, None, None]
        for values in (_SHIFT, _SCALE)
    )
    x = (pixels - shift) / scale
    layers = []
    for index, padding in enumerate(_PADDINGS):
        if index in _BLURRED_FIRST:
            x = _blurred(F.max_pool2d(x, kernel_size=3, stride=1))
        kernel, bias = (weights[f"convolution{index}.{part}"] for part in ("weight", "bias"))
        x = F.conv2d(x, kernel, bias, padding=padding)
        x = F.relu(_blurred(x) if index == 0 else x)
        layers.append(x)
    return layers


def _blurred(x: torch.Tensor) -> torch.Tensor:
    """Every second pixel of x under a 3 x 3 binomial filter, mirrored at the border."""
    line = torch.tensor([1.0, 2.0, 1.0], device=x.device) / 4
    channels = x.shape[1]
    kernel = torch.outer(line, line).expand(channels, 1, 3, 3)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), kernel, stride=2, groups=channels)


def _unit(features: torch.Tensor) -> torch.Tensor:
    """The features of each pixel as a vector of length 1."""
    return features / (features.square().sum(dim=1, keepdim=True).sqrt() + _EPSILON)


@lru_cache(maxsize=1)
def _weights() -> dict[str, torch.Tensor]:
    """The shipped tensors in float32, once their bytes are what they should be."""
    file = assets_folder() / WEIGHTS
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
        raise SdqvizError(f"{file} is damaged: its checksum is wrong", "install sdqviz again")
    return {name: tensor.to(torch.float32) for name, tensor in load(data).items()}


METRIC = StLpips()
