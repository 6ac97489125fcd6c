"""What a block that is being reconstructed costs, in pieces (BRECQ, arXiv 2102.05426)."""

from collections.abc import Mapping, Sequence

import torch


def block_error(
    outputs: Sequence[torch.Tensor],
    targets: Sequence[torch.Tensor],
    power: float = 2.0,
    weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """|q - fp|^power, summed over channels and averaged over all else, of all of a block's outputs
    [B, C, h, w] or [B, ..., C]. weights [B], of mean 1, of the samples.
    """
    parts = []
    for output, target in zip(outputs, targets, strict=True):
        channels = 1 if output.dim() == 4 else output.dim() - 1
        lost = (output - target).abs().pow(power).sum(dim=channels)
        samples = lost.reshape(len(lost), -1).mean(dim=1)
        parts.append((samples if weights is None else samples * weights).mean())
    return torch.stack(parts).sum()


def inner_error(
    outputs: Mapping[str, torch.Tensor], targets: Mapping[str, torch.Tensor]
) -> torch.Tensor:
    """The same of each layer inside the block, but for the last, whose output the block's is mostly
    (fine-grained reconstruction, EDA-DM, arXiv 2401.04585).
    """
    inside = list(outputs)[:-1]
    if not inside:
        return torch.zeros(())
    return torch.stack([block_error([outputs[n]], [targets[n]]) for n in inside]).sum()


@torch.no_grad()
def relative_error(
    outputs: Sequence[torch.Tensor], targets: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Mean squared error over mean square, for curves: of the last output, a block's own stream."""
    wanted = targets[-1]
    return (outputs[-1] - wanted).square().mean() / wanted.square().mean().clamp(min=1e-20)
