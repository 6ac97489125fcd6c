"""The plan: for each layer how it is quantized, or that it stays FP, and why."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import nn

from sdqviz.base.config import option
from sdqviz.quant.spec import ActivationSpec, WeightSpec

# What a family says of each linear and convolution of its network.
BLOCK, FIRST, LAST = "block", "first", "last"
CONDITIONING, TIME, KEPT = "conditioning", "time", "kept"
MODULATION, EMBEDDER = "modulation", "embedder"

_REASONS = {
    BLOCK: "",
    FIRST: "first layer: 8-bit weights, as in every W4A8 recipe",
    LAST: "last layer: 8-bit weights, as in every W4A8 recipe",
    CONDITIONING: "reads the text embedding, the same at every timestep: one activation pair",
    TIME: "depends on the timestep only: replaced by a table of its outputs",
    MODULATION: "depends on the timestep and the scene, not on the picture: FP input, evaluated "
    "once for each of a scene's timesteps",
    EMBEDDER: "small embedder of the timestep or the text: kept in floating point",
    KEPT: "kept in floating point by its family",
}
_FP_LATENT = (
    "; its input, the noisy latent itself, stays FP: at low noise an 8-bit step of it is as large "
    "as the noise that the network must see"
)


@dataclass(frozen=True, kw_only=True)
class PlanConfig:
    """What the plan may choose. activation_bits 0 keeps activations in floating point."""

    weight_bits: int = option(
        4, label="Weight bits", help="Bits per weight code.", low=2, high=8, first=1
    )
    group: int = option(
        32, label="Group size", help="Inputs that share a multiplier; 0 is none.", low=0, high=1024
    )
    activation_bits: int = option(
        8,
        label="Activation bits",
        help="Bits per activation; 0 keeps FP.",
        choices=(0, 4, 5, 6, 7, 8),
        first=2,
    )
    end_weight_bits: int = option(
        8, label="First and last layer bits", help="Weight bits of the ends.", low=2, high=8
    )
    first_activation_bits: int = option(
        0,
        label="First layer's activation bits",
        help="Of the noisy latent itself; 0 keeps FP, which most of the fidelity at the last "
        "steps hangs on.",
        choices=(0, 4, 5, 6, 7, 8),
    )
    time_rows: str = option(
        "all",
        label="Time table",
        help="Rows for all training timesteps, or for this sampler's only; with none the time "
        "layers stay and are quantized like all others.",
        choices=("all", "sampler", "none"),
    )


@dataclass(frozen=True, kw_only=True)
class LayerPlan:
    """One layer's fate. `weight` None: stays FP (or, with role "time", is removed)."""

    name: str
    kind: str  # "linear" or "conv"
    role: str
    parameters: int
    weight: WeightSpec | None
    activation: ActivationSpec | None
    reason: str

    @property
    def per_timestep(self) -> bool:
        return self.activation is not None and self.role != CONDITIONING

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def make_plan(
    network: nn.Module,
    roles: Mapping[str, str],
    config: PlanConfig,
    eight_bit: Mapping[str, str] | None = None,
) -> dict[str, LayerPlan]:
    """The plan of every linear and convolution of `network`, in module order.

    roles: module name -> role, "block" where absent. eight_bit: the layers whose weights get 8
    bits because they are sensitive, each with its reason.
    """
    plan: dict[str, LayerPlan] = {}
    for name, module in network.named_modules():
        if not isinstance(module, nn.Linear | nn.Conv2d):
            continue
        role = roles.get(name, BLOCK)
        if role == TIME and config.time_rows == "none":
            role = BLOCK
        reason = _REASONS[role]
        weight: WeightSpec | None = WeightSpec(bits=config.weight_bits, group=config.group)
        if isinstance(module, nn.Conv2d) and not _plain(module):
            role, reason = KEPT, "grouped, dilated or non-zero padding: no integer kernel"
        if role in (FIRST, LAST):
            weight = WeightSpec(bits=config.end_weight_bits, group=0)
        if role in (TIME, KEPT, EMBEDDER):
            weight = None
        elif name in (eight_bit or {}):
            weight, reason = WeightSpec(bits=8, group=0), (eight_bit or {})[name]
        activation, bits = None, 0 if role == MODULATION else config.activation_bits
        if role == FIRST:
            bits = min(bits, config.first_activation_bits)
            reason += "" if bits else _FP_LATENT
        if weight is not None and bits:
            activation = ActivationSpec(bits=bits)
        plan[name] = LayerPlan(
            name=name,
            kind="conv" if isinstance(module, nn.Conv2d) else "linear",
            role=role,
            parameters=sum(p.numel() for p in module.parameters()),
            weight=weight,
            activation=activation,
            reason=reason,
        )
    return plan


def _plain(module: nn.Conv2d) -> bool:
    return module.groups == 1 and set(module.dilation) == {1} and module.padding_mode == "zeros"
