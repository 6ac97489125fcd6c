"""What a batch of recorded calls costs the student: output error and block errors."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from sdqviz.diffusion.timesteps import as_taken
from sdqviz.families.conditioning import Conditioning, call_network, collate
from sdqviz.layers.taps import tap_outputs
from sdqviz.training.batches import Pick
from sdqviz.training.recorded_calls import ConditionedCalls

BRANCHES, GUIDED = "branches", "guided"
TARGETS = (BRANCHES, GUIDED)


@dataclass(frozen=True)
class Sample:
    """A mini-batch: x float32 [B, C, h, w], timesteps [B], the teacher's answers like x.

    guidance and weight (of its loss) float32 [B]. For a guided target the branches of one call
    stand side by side.
    """

    x: torch.Tensor
    timesteps: torch.Tensor
    target: torch.Tensor
    guidance: torch.Tensor
    weight: torch.Tensor
    branches: int
    conditioning: Conditioning


@dataclass(frozen=True)
class Losses:
    """`value` carries the gradient; the floats are for curves. per_block: [B] errors each."""

    value: torch.Tensor
    output: float
    blocks: dict[str, float]
    per_block: dict[str, torch.Tensor]
    per_sample: torch.Tensor

    @property
    def total(self) -> float:
        return self.value.item()

    def culprit(self, sample: Sample) -> tuple[str, float]:
        """The first block with a loss that is not finite, and the timestep of its sample."""
        for block, errors in (*self.per_block.items(), ("output", self.per_sample)):
            wrong = (~errors.isfinite()).nonzero()
            if len(wrong):
                return block, sample.timesteps[int(wrong[0])].item()
        return "output", sample.timesteps[0].item()


def batch_of(
    calls: list[ConditionedCalls],
    picks: Sequence[Pick],
    device: torch.device,
    weigh: Callable[[int], float] = lambda call: 1.0,
) -> Sample:
    """The picked calls as one batch on the device, each weighed by its call's number."""
    rows = [(calls[p.scene], p) for p in picks]
    guidance = [seen.guidance for seen, _ in rows]
    timesteps = torch.stack([seen.calls.timesteps[p.call] for seen, p in rows])
    return Sample(
        x=torch.stack([seen.calls.x[p.call] for seen, p in rows]).to(device),
        timesteps=as_taken(timesteps).to(device),
        target=torch.stack([seen.calls.outputs[p.call, p.branch] for seen, p in rows]).to(device),
        guidance=torch.tensor(guidance, device=device),
        weight=torch.tensor([weigh(p.call) for p in picks], device=device),
        branches=calls[0].calls.branches,
        conditioning=collate([seen.conditioning for seen, _ in rows], [p.branch for p in picks]),
    )


def training_loss(
    teacher: nn.Module,
    student: nn.Module,
    sample: Sample,
    *,
    blocks: list[str],
    inter_layer: float,
    target: str,
    autocast: torch.dtype | None = None,
) -> Losses:
    """Relative output error plus `inter_layer` times the mean relative error of the blocks.

    Each is the weighted MSE / mean(teacher^2) over the batch, so that no block outweighs the
    others by its scale. Without inter-layer distillation the teacher is not called: its answers
    are stored. The student computes under `autocast`, the teacher in its own number format.
    """
    watched = blocks if inter_layer > 0 else []

    def call(network: nn.Module) -> torch.Tensor:
        return call_network(network, sample.x, sample.timesteps, sample.conditioning).float()

    with tap_outputs(teacher, watched) as wanted:
        if watched:
            with torch.no_grad():
                call(teacher)
    cast = nullcontext() if autocast is None else torch.autocast(sample.x.device.type, autocast)
    with tap_outputs(student, watched) as seen, cast:
        output = call(student)
    difference = output - sample.target
    reference = sample.target
    if target == GUIDED and sample.branches == 2:
        difference, reference = (_guided(t, sample.guidance) for t in (difference, reference))
    step = len(sample.x) // len(difference)  # 2 for a guided target
    errors = difference.square().flatten(1).mean(1) / reference.square().mean()
    per_sample = sample.weight[::step] * errors
    per_block = {
        name: sample.weight
        * (seen[name].float() - wanted[name].float()).square().flatten(1).mean(1)
        / wanted[name].float().square().mean()
        for name in seen  # in the order of the computation
    }
    value = error = per_sample.mean()
    means = {name: errors.mean() for name, errors in per_block.items()}
    if means:
        value = error + inter_layer * torch.stack(list(means.values())).mean()
    return Losses(
        value=value,
        output=error.item(),
        blocks=dict(zip(means, torch.stack(list(means.values())).tolist(), strict=True))
        if means
        else {},
        per_block={name: errors.detach() for name, errors in per_block.items()},
        per_sample=per_sample.detach(),
    )


def _guided(pairs: torch.Tensor, guidance: torch.Tensor) -> torch.Tensor:
    """u + g (c - u) for branches side by side: [B, ...] -> [B / 2, ...]."""
    unconditional, conditional = pairs[0::2], pairs[1::2]
    weight = guidance[0::2].view(-1, *(1,) * (pairs.dim() - 1))
    return unconditional + weight * (conditional - unconditional)
