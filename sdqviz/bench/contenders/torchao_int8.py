"""torchao: int8 weights, activations int8 per token at run time, compiled. Linears only."""

import torch

from sdqviz.bench.contract import Built, Step, torch_step
from sdqviz.bench.networks import Size, fp_network


def _build(size: Size) -> Step:
    from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

    network = fp_network(size, torch.bfloat16)
    quantize_(network, Int8DynamicActivationInt8WeightConfig())
    network.compile(dynamic=False)
    return torch_step(network, size, torch.bfloat16)


CONTENDER = Built("torchao_int8", "torchao int8 dynamic, compiled", 20, _build, ("torchao",))
