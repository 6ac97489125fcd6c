"""Integer W4A8 on NVIDIA GPUs: the Triton kernels over int8 weights, made of the codes once."""

from sdqviz.kernels.contract import Operands
from sdqviz.kernels.triton_layer import TritonLayers
from sdqviz.quant.spec import WeightSpec


class TritonInt8Engine(TritonLayers):
    name = "triton_int8"
    rank = 21

    def compact(self, spec: WeightSpec) -> bool:
        return spec.bits > 4 and spec.largest_multiplier == 1  # the codes are the weights

    def prepare(self, operands: Operands):
        from sdqviz.kernels.triton_code.launch import whole_weights

        return whole_weights(operands)


ENGINE = TritonInt8Engine()
