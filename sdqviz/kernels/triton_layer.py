"""A layer's call through the Triton kernels, whatever form its weights have."""

from typing import Any

import torch

from sdqviz.kernels.cuda import CudaEngine, output_like
from sdqviz.quant.spec import ActivationSpec


class TritonLayers(CudaEngine):
    """An engine that prepares the `Weights` of `triton_code.launch`."""

    packages = ("triton",)

    def run_rows(
        self, x: torch.Tensor, prepared: Any, ranges: torch.Tensor, spec: ActivationSpec
    ) -> torch.Tensor:
        from sdqviz.kernels.triton_code import launch

        operands = prepared.operands
        codes = launch.quantize(x, operands.conv, operands.factor, ranges, spec)
        outputs = len(operands.scale)
        if operands.conv is None:
            y = torch.empty(*x.shape[:-1], outputs, dtype=x.dtype, device=x.device)
            launch.multiply(codes, prepared, ranges, y.view(*codes.out_shape, outputs))
            return y
        y = output_like(x, outputs, codes.out_shape)
        launch.multiply(codes, prepared, ranges, y.permute(0, 2, 3, 1))
        return y
