"""The FP network with one layer quantized: what that layer alone does to a picture."""

from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.convert import packed_layers, replace_module, twin


def only_packed(network: nn.Module, student: nn.Module, name: str) -> nn.Module:
    """`network` with one layer as `student`, its packed self, has it; both stay as they are.

    Raises SdqvizError when the student has no packed layer of this name.
    """
    layers = packed_layers(student)
    if name not in layers:
        raise SdqvizError(f"layer {name!r} is not quantized", "choose one of the Layers tab")
    mixed = twin(network)
    replace_module(mixed, name, layers[name])
    layers[name].clock.attach(mixed)
    return mixed
