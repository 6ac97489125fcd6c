"""sdqviz as a quantization method of diffusers: `from_pretrained` and `save_pretrained` as usual.

    import sdqviz

    sdqviz.register()
    unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet")

A packed folder loads as its packed self. An FP model given `SdqvizConfig()` gets 4-bit weights as
it loads, and keeps FP activations: their ranges need a calibration.
"""

import functools
from enum import StrEnum
from typing import Any

import diffusers
import torch
from diffusers.quantizers import auto
from diffusers.quantizers.base import DiffusersQuantizer
from diffusers.quantizers.quantization_config import QuantizationConfigMixin
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.base.memory import return_freed_memory
from sdqviz.base.registry import found
from sdqviz.layers.checkpoint import belongs_to_packed, implied_positions, packed_tensors
from sdqviz.layers.convert import pack_network, packed_layers
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.damage import DAMAGED, check_packed
from sdqviz.layers.description import METHOD, quantization_config, shape_packed
from sdqviz.layers.plan import PlanConfig, make_plan
from sdqviz.layers.positions import NAME as POSITIONS
from sdqviz.layers.refusals import refuse_changes


class Method(StrEnum):
    """diffusers reads `.value`, and compares with strings."""

    SDQVIZ = METHOD


class SdqvizConfig(QuantizationConfigMixin):
    """What `config.json` holds as quantization_config, or what to do with an FP model.

    Args:
        weight_bits, group: for an FP model; bits of a code, inputs that share a multiplier.
        activation_bits: for an FP model only 0 (FP): ranges need `sdqviz quantize`.
        stored: the entries of a packed folder's own config.
    """

    quant_method = Method.SDQVIZ  # type: ignore[assignment]

    def __init__(
        self, *, weight_bits: int = 4, group: int = 32, activation_bits: int = 0, **stored: Any
    ) -> None:
        if activation_bits and not stored:
            raise SdqvizError(
                f"activation_bits is {activation_bits}, but activation ranges need a calibration",
                "leave it 0 for W4A16 at load, or run: sdqviz quantize MODEL --out DIR",
            )
        self.quant_method = Method.SDQVIZ  # type: ignore[assignment]
        self.plan = PlanConfig(weight_bits=weight_bits, group=group, activation_bits=0)
        self.stored = {k: v for k, v in stored.items() if k != "quant_method"}

    @classmethod
    def from_dict(  # type: ignore[override]
        cls, config_dict: dict[str, Any], return_unused_kwargs: bool = False, **kwargs: Any
    ) -> Any:
        config = cls(**config_dict)
        return (config, kwargs) if return_unused_kwargs else config

    def to_dict(self) -> dict[str, Any]:
        """As `layers.checkpoint.quantization_config` gives it: what a packed folder's file says."""
        return {"quant_method": METHOD, **self.stored}

    def to_diff_dict(self) -> dict[str, Any]:
        return self.to_dict()


class SdqvizQuantizer(DiffusersQuantizer):
    """Gives the meta network its packed layers before its tensors arrive."""

    quantization_config: SdqvizConfig
    requires_calibration = False

    def __init__(self, quantization_config: SdqvizConfig, **kwargs: Any) -> None:
        super().__init__(quantization_config, **kwargs)
        self._clock: CurrentCall | None = None
        self._model: nn.Module | None = None

    def update_torch_dtype(self, torch_dtype: torch.dtype | None) -> torch.dtype:
        return torch.float32 if torch_dtype is None else torch_dtype

    def _process_model_before_weight_loading(self, model: nn.Module, **kwargs: Any) -> None:
        if self.pre_quantized:
            self._clock = shape_packed(model, self.quantization_config.to_dict())

    def update_missing_keys(self, model: Any, missing_keys: list[str], prefix: str) -> list[str]:
        computed = {POSITIONS} if "position_table" in self.quantization_config.stored else set()
        absent = sorted(set(missing_keys) - computed)
        if self.pre_quantized and absent:
            raise SdqvizError(
                f"the packed file lacks {absent[0]} and {len(absent) - 1} more",
                DAMAGED,
            )
        return absent

    def check_if_quantized_param(self, model: Any, *args: Any, **kwargs: Any) -> bool:
        return self.pre_quantized and belongs_to_packed(self.quantization_config.stored, args[1])

    def create_quantized_param(  # type: ignore[override]
        self,
        model: Any,
        param: torch.Tensor,
        name: str,
        device: Any,
        state_dict: dict[str, torch.Tensor],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """The tensor as it is stored: `param` was cast, but scales stay float32."""
        owner, _, leaf = name.rpartition(".")
        buffers = model.get_submodule(owner)._buffers
        expected = buffers[leaf].shape
        if param.shape != expected:
            raise SdqvizError(
                f"{name} of the packed file has shape {list(param.shape)}, its config says "
                f"{list(expected)}",
                DAMAGED,
            )
        buffers[leaf] = state_dict[name].to(device)

    def _process_model_after_weight_loading(self, model: Any, **kwargs: Any) -> Any:
        if self.pre_quantized:
            positions = implied_positions(model, self.quantization_config.stored)
            if positions is not None:
                own = next(model.parameters())
                model.pos_embed.pos_embed = positions.to(own.device, own.dtype)
            check_packed(model, self.quantization_config.stored)
            assert self._clock is not None
            self._clock.attach(model)
            return_freed_memory()
        else:
            plan = make_plan(model, _roles(model), self.quantization_config.plan)
            pack_network(model, plan, {})
            self.quantization_config.stored = {
                k: v for k, v in quantization_config(model).items() if k != "quant_method"
            }
        refuse_changes(model)
        # diffusers lets no quantized network be cast. Packed layers keep their own dtypes, so the
        # rest may be: IP-Adapter's loading does it, to the dtype that it has.
        model.is_quantized = False
        self._model = model
        return model

    def get_state_dict_and_metadata(
        self, state_dict: dict[str, Any], safe_serialization: bool = False
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        assert self._model is not None
        return packed_tensors(self._model), {}

    @property
    def is_serializable(self) -> bool:  # type: ignore[override]
        return True

    @property
    def is_trainable(self) -> bool:  # type: ignore[override]
        return False


def _roles(network: nn.Module) -> dict[str, str]:
    """The roles of a denoising network's layers in its family, known by its class and config."""
    folder = "unet" if type(network).__name__.startswith("UNet") else "transformer"
    config = dict(network.config)  # type: ignore[call-overload]
    reasons = []
    for family in found("sdqviz.families", "FAMILY").values():
        if family.network_folder == folder:
            reason = family.mismatch(config)
            if reason is None:
                return family.roles(network)
            reasons.append(f"not {family.name}: {reason}")
    raise SdqvizError("; ".join(reasons), "give a network of a supported model")


def register() -> None:
    """Makes diffusers load and save sdqviz folders. May be called again."""
    auto.AUTO_QUANTIZER_MAPPING[METHOD] = SdqvizQuantizer  # type: ignore[assignment]
    auto.AUTO_QUANTIZATION_CONFIG_MAPPING[METHOD] = SdqvizConfig  # type: ignore[assignment]
    for kind, maker in _MADE_FROM_A_NETWORK.items():
        _refuse_packed(getattr(diffusers, kind), maker)


# diffusers' classes that copy layers out of a denoising network.
_MADE_FROM_A_NETWORK = {
    "ControlNetModel": "from_unet",
    "ControlNetUnionModel": "from_unet",
    "ControlNetXSAdapter": "from_unet",
    "UNetControlNetXSModel": "from_unet",
    "UNetMotionModel": "from_unet2d",
    "SD3ControlNetModel": "from_transformer",
}


def _refuse_packed(kind: Any, maker: str) -> None:
    """Makes the class's `maker` refuse a packed network in one line."""
    make = getattr(kind, maker).__func__
    if hasattr(make, "refuses_packed"):
        return

    @functools.wraps(make)
    def checked(cls: Any, network: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(network, nn.Module) and packed_layers(network):
            raise SdqvizError(
                f"{kind.__name__} takes its layers from an FP network, and this one is packed",
                "make it from the FP model",
            )
        return make(cls, network, *args, **kwargs)

    checked.refuses_packed = True  # type: ignore[attr-defined]
    setattr(kind, maker, classmethod(checked))
