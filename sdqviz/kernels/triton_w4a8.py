"""Integer W4A8 on NVIDIA GPUs: Triton kernels that read the packed 4-bit codes.

Nothing is expanded in memory: the weights stay 4 bits, and become int8 in registers inside an
implicit matrix product on the s8 tensor cores. Activations are rounded by a kernel of their own.
"""

from sdqviz.kernels.contract import Operands
from sdqviz.kernels.triton_layer import TritonLayers
from sdqviz.quant.spec import WeightSpec

GROUPS = (16, 32, 64)  # whose codes the kernel reads as they are stored


class TritonEngine(TritonLayers):
    name = "triton_w4a8"
    rank = 22

    def layer_refusal(self, operands: Operands) -> str | None:
        if self.compact(operands.spec):
            return None
        return f"it reads codes of 4 bits in groups of {', '.join(map(str, GROUPS))}"

    def compact(self, spec: WeightSpec) -> bool:
        return spec.bits <= 4 and spec.group in GROUPS

    def prepare(self, operands: Operands):
        """The stored codes; beside them sums, and a byte for each multiplier."""
        from sdqviz.kernels.triton_code.launch import coded_weights

        return coded_weights(operands)


ENGINE = TritonEngine()
