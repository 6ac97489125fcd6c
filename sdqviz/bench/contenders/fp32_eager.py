"""PyTorch in float32, as diffusers runs it on a CPU by default."""

from sdqviz.bench.contract import eager_fp

CONTENDER = eager_fp("fp32_eager", "PyTorch FP32", 0, "float32")
