"""optimum-quanto: int8 weights and activations, ranges from one calibration step."""

import torch

from sdqviz.bench.contract import Built, Step, torch_step
from sdqviz.bench.networks import Size, fp_network


def _build(size: Size) -> Step:
    from optimum.quanto import Calibration, freeze, qint8, quantize

    network = fp_network(size, torch.bfloat16)
    quantize(network, weights=qint8, activations=qint8)
    step = torch_step(network, size, torch.bfloat16)
    with Calibration():
        step()
    freeze(network)
    return step


CONTENDER = Built("quanto_int8", "optimum-quanto int8", 22, _build, ("optimum.quanto",))
