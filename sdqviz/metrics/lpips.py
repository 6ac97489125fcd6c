"""LPIPS (Zhang et al. 2018). Needs a backbone that is fetched once; never a random one."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

DEFAULT_NET = "alex"  # as the field reports it
# torchvision's model, its file, and what that takes to download.
BACKBONES = {
    "alex": ("alexnet", "alexnet-*.pth", "233 MB"),
    "squeeze": ("squeezenet1_1", "squeezenet1_1-*.pth", "5 MB"),
    "vgg": ("vgg16", "vgg16-*.pth", "528 MB"),
}


class Lpips:
    direction, order = "lower", 0

    def __init__(self, net: str = DEFAULT_NET) -> None:
        self.net = net
        self.name = "lpips"
        self.label = f"LPIPS ({net})"
        self.settings = f"lpips 0.1, {net} backbone, inputs in [-1, 1], own resolution"

    def variant(self, net: str) -> "Lpips":
        """LPIPS with another backbone. Numbers of two nets are not comparable."""
        return Lpips(net)

    def unavailable(self) -> str | None:
        if _backbone_file(self.net) is None:
            command = "sdqviz fetch metrics"
            if self.net != DEFAULT_NET:
                command += f" --net {self.net}"
            return f"not available offline: run {command} ({BACKBONES[self.net][2]})"
        return None

    def score(self, reference: np.ndarray, test: np.ndarray) -> float:
        import torch

        pictures = [
            torch.from_numpy(p.astype(np.float32)).permute(2, 0, 1).unsqueeze(0) / 127.5 - 1
            for p in (reference, test)
        ]
        with torch.no_grad():
            return float(_network(self.net)(*pictures))


def _backbone_file(net: str) -> Path | None:
    import torch

    folder = Path(torch.hub.get_dir()) / "checkpoints"
    return next(iter(sorted(folder.glob(BACKBONES[net][1]))), None)


def fetch_backbone(net: str) -> Path:
    """Downloads the backbone that torchvision publishes (5 to 528 MB) and returns its file."""
    import torchvision

    getattr(torchvision.models, BACKBONES[net][0])(weights="DEFAULT")
    file = _backbone_file(net)
    if file is None:
        raise FileNotFoundError(f"{BACKBONES[net][1]} did not arrive")
    return file


@lru_cache(maxsize=3)
def _network(net: str) -> Any:
    import lpips

    return lpips.LPIPS(net=net, verbose=False).eval()


METRIC = Lpips()
