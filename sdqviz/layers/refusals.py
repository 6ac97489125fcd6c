"""What a packed network cannot do, refused in one line where it is asked for."""

from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.convert import packed_layers


def refuse_gradients(network: nn.Module, args: tuple, kwargs: dict[str, Any]) -> None:
    """A hook before a network's forward. Integer codes have no gradient: what autograd would give
    is the part that goes round the packed layers, and no sign of it.
    """
    if torch.compiler.is_compiling() or not torch.is_grad_enabled():
        return
    given = [*args, *kwargs.values()]
    wanted = any(isinstance(value, torch.Tensor) and value.requires_grad for value in given)
    if wanted and packed_layers(network):
        raise SdqvizError(
            "a packed network gives no gradients with respect to its inputs: its activations are "
            "rounded to integers",
            "take gradients through the FP model, or call it under torch.no_grad()",
        )


def refuse_adapter(*args: Any, **kwargs: Any) -> None:
    """Stands in for a network's methods that put LoRA or other trained layers into it."""
    raise SdqvizError(
        "a packed network takes no LoRA: its weights are integer codes",
        "fuse the LoRA into the FP model, then quantize that",
    )


def refuse_fusing(*args: Any, **kwargs: Any) -> None:
    """Stands in for a network's method that makes one projection of three."""
    raise SdqvizError(
        "the projections of a packed network are not fused: each has codes and ranges of its own",
        "leave fuse_qkv_projections out",
    )


def refuse_changes(network: Any) -> None:
    """Makes a packed network refuse gradients, adapters and fusing (in place). May be called
    again.
    """
    network.fuse_qkv_projections = refuse_fusing
    for name in ("load_lora_adapter", "add_adapter"):
        setattr(network, name, refuse_adapter)
    network.requires_grad_(False)
    if refuse_gradients not in network._forward_pre_hooks.values():
        network.register_forward_pre_hook(refuse_gradients, with_kwargs=True)
