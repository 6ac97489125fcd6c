"""The judge: a small network that names what it sees in a 128 x 128 picture."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from sdqviz.minis.commands import needed
from sdqviz.minis.judge.labels import CLASSES

_WIDTHS = (40, 64, 96)
_SUMMARY = 160
_GROUPS = 8
_BATCH = 64


class Judge(nn.Module):
    """pictures float32 [B, 3, 128, 128] in [-1, 1] -> {head: logits [B, classes]}."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third = _WIDTHS
        self.body = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(48, first, 3, padding=1),
            _Residual(first),
            nn.Conv2d(first, second, 3, stride=2, padding=1),
            _Residual(second),
            nn.Conv2d(second, third, 3, stride=2, padding=1),
            _Residual(third),
            _Residual(third),
            nn.Conv2d(third, 24, 1),
            nn.Flatten(),
            nn.Linear(24 * 8 * 8, _SUMMARY),
            nn.SiLU(),
        )
        self.heads = nn.ModuleDict(
            {head: nn.Linear(_SUMMARY, len(names)) for head, names in CLASSES.items()}
        )

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        seen = self.body(pictures)
        return {head: layer(seen) for head, layer in self.heads.items()}


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(_GROUPS, channels) for _ in range(2)])
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2)]
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inside = x
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            inside = convolution(F.silu(norm(inside)))
        return x + inside


@torch.no_grad()
def read(judge: Judge, pictures: list[np.ndarray]) -> list[dict[str, str]]:
    """The judge's answer for each picture uint8 [128, 128, 3], by head."""
    answers: list[dict[str, str]] = []
    for start in range(0, len(pictures), _BATCH):
        part = torch.from_numpy(np.stack(pictures[start : start + _BATCH]))
        logits = judge(part.permute(0, 3, 1, 2).float() / 127.5 - 1.0)
        best = {head: values.argmax(dim=1).tolist() for head, values in logits.items()}
        answers += [
            {head: CLASSES[head][best[head][row]] for head in CLASSES} for row in range(len(part))
        ]
    return answers


def save_judge(judge: Judge, file: Path) -> None:
    """float16."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.half().contiguous() for k, v in judge.state_dict().items()}, file)


def open_judge(file: Path) -> Judge:
    needed(file, "python -m sdqviz.minis.judge.train, or name another judge with --judge")
    judge = Judge()
    judge.load_state_dict({k: v.float() for k, v in load_file(file).items()})
    return judge.eval()
