"""SDNQ: uint4 weights, re-quantized to int8 for its quantized product at every call."""

import torch

from sdqviz.bench.contract import Built, Step, torch_step
from sdqviz.bench.networks import Size, fp_network


def _build(size: Size) -> Step:
    from sdnq import sdnq_post_load_quant

    network = sdnq_post_load_quant(
        fp_network(size, torch.bfloat16),
        weights_dtype="uint4",
        quant_conv=True,
        use_quantized_matmul=True,
        use_quantized_matmul_conv=True,
        torch_dtype=torch.bfloat16,
    )
    return torch_step(network, size, torch.bfloat16)


CONTENDER = Built("sdnq_uint4", "SDNQ uint4, quantized matmul", 21, _build, ("sdnq",))
