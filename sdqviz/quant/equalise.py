"""Channel equalisation: divide each input channel by a factor that its weights take over.

A tensor has one 8-bit range for all its channels, so a few large channels set the step of all.
Dividing channel k by s[k] and multiplying its weights by s[k] leaves the product as it is and
moves the difficulty into the weights, which have a scale per output channel and group (after
SmoothQuant, Xiao et al. 2022, arXiv 2211.10438, eq. 3, whose migration strength is fixed; here
each layer takes the strength with the least expected output error).
"""

from dataclasses import dataclass

import torch

from sdqviz.quant.numerics import split_groups
from sdqviz.quant.spec import ActivationSpec, WeightSpec

STRENGTHS = tuple(i / 8 for i in range(9))  # s = range of the channel ^ strength
# Training mends most of what rounding the weights costs and little of what rounding the input
# costs, so the former counts less (recipes/fidelity.md has the measurements).
WEIGHT_SHARE = 0.3


@dataclass
class ChannelRange:
    """What a layer's input channels were seen to hold: low and high float32 [P, I] of P
    timesteps, power float32 [I], the mean square over all of them.
    """

    low: torch.Tensor
    high: torch.Tensor
    power: torch.Tensor


def equalise(
    weight: torch.Tensor, seen: ChannelRange, weights: WeightSpec, activations: ActivationSpec
) -> torch.Tensor:
    """The divisors s of the input channels: float32 [I], geometric mean 1, all 1 if none helps.

    weight: float [O, T, I], on the device of what was seen. Rounding is taken as noise of variance
    step^2 / 12, independent between values: the input's reaches the output through the weights,
    the weight's through the input's power.
    """
    weight = weight.detach().to(torch.float32)
    reach = torch.maximum(seen.high, -seen.low).amax(dim=0)
    # A channel that is always zero carries nothing; it must not set the others' mean.
    reach = reach.clamp(min=1e-4 * reach.max().clamp(min=1e-30))
    tried, errors = [], []
    for strength in STRENGTHS:
        divisors = reach**strength
        divisors = divisors / divisors.log().mean().exp()
        error = _input_error(weight, seen, divisors, activations)
        errors.append(error + WEIGHT_SHARE * _weight_error(weight, seen, divisors, weights))
        tried.append(divisors)
    # Chosen on the device: a GPU need not wait for the host to compare.
    best = torch.stack(errors).nan_to_num(nan=torch.inf).argmin().view(1)
    return torch.stack(tried).index_select(0, best)[0]


def _input_error(
    weight: torch.Tensor, seen: ChannelRange, divisors: torch.Tensor, spec: ActivationSpec
) -> torch.Tensor:
    """Expected squared output error, summed over outputs, of rounding the divided input."""
    low = (seen.low / divisors).amin(dim=1).clamp(max=0.0)
    high = (seen.high / divisors).amax(dim=1).clamp(min=0.0)
    step = (high - low) / spec.high  # of each timestep
    gain = (weight.square().sum(dim=(0, 1)) * divisors.square()).sum()
    return step.square().mean() / 12 * gain


def _weight_error(
    weight: torch.Tensor, seen: ChannelRange, divisors: torch.Tensor, spec: WeightSpec
) -> torch.Tensor:
    """Expected squared output error, summed over outputs, of rounding the multiplied weight."""
    group = spec.group or weight.shape[-1]
    peak = split_groups(weight * divisors, group).abs().amax(dim=-1)  # [O, T, G]
    # A group's step is a multiple of its output channel's smallest one.
    smallest = peak.amax(dim=(1, 2), keepdim=True) / spec.largest_multiplier
    step = torch.maximum(peak, smallest) / (spec.high + 0.5)
    power = split_groups((seen.power / divisors.square()).view(1, 1, -1), group).sum(dim=-1)
    return (step.square() / 12 * power).sum()
