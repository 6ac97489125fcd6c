"""The weights and reference values of ST-LPIPS, from its authors' package.

    pip install stlpips-pytorch==0.0.2 torchsummary ipython
    python -m tests.metrics.st_lpips_reference

writes assets/metrics/st_lpips_alex.safetensors and st_lpips_reference.json beside this file: what
the package itself says of `pairs()`, with its own float32 weights and with them rounded to fp16.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from skimage import data

from sdqviz.base.assets import assets_folder
from sdqviz.metrics.st_lpips import WEIGHTS

REFERENCE = Path(__file__).with_suffix(".json")
_CONVOLUTIONS = ("slice1.0", "slice2.5", "slice3.9", "slice4.11", "slice5.13")


def pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pictures uint8 [H, W, 3]: a photograph disturbed in several ways, and odd sizes of noise."""
    photograph = np.ascontiguousarray(data.astronaut()[:256, 96:352])
    rng = np.random.default_rng(0)
    noisy = photograph + rng.normal(0, 12, photograph.shape)
    small = rng.integers(0, 256, (21, 38, 3), dtype=np.uint8)
    return {
        "noise": (photograph, noisy.clip(0, 255).round().astype(np.uint8)),
        "shift": (photograph[:, :-1], photograph[:, 1:]),
        "levels": (photograph, photograph // 32 * 32),
        "other picture": (photograph, np.ascontiguousarray(data.astronaut()[256:, 96:352])),
        "smallest": (small, 255 - small),
        "wide": (photograph[:77, :], photograph[77:154, :]),
    }


def main() -> None:
    from stlpips_pytorch import stlpips

    network = stlpips.LPIPS(net="alex", variant="shift_tolerant", verbose=False)
    state = network.state_dict()
    tensors = {}
    for index, place in enumerate(_CONVOLUTIONS):
        for part in ("weight", "bias"):
            tensors[f"convolution{index}.{part}"] = state[f"net.{place}.{part}"].half()
        tensors[f"linear{index}.weight"] = state[f"lin{index}.model.1.weight"].half()
    file = assets_folder() / WEIGHTS
    file.parent.mkdir(exist_ok=True)
    save_file(tensors, file)
    values = {"float32": _scores(network)}
    for parameter in network.parameters():
        parameter.data = parameter.data.half().float()
    values["fp16"] = _scores(network)
    REFERENCE.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    print(hashlib.sha256(file.read_bytes()).hexdigest(), file)


def _scores(network: torch.nn.Module) -> dict[str, dict[str, float]]:
    """Per pair the score, and the mean and the largest value of the spatial map."""
    found = {}
    for name, pictures in pairs().items():
        first, second = (
            torch.from_numpy(p.astype(np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
            for p in pictures
        )
        with torch.no_grad():
            network.spatial = False
            score = float(network(first, second))
            network.spatial = True
            spatial = network(first, second)
        found[name] = {
            "score": score,
            "map_mean": float(spatial.mean()),
            "map_largest": float(spatial.max()),
        }
    return found


if __name__ == "__main__":
    main()
