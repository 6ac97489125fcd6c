"""PyTorch in bfloat16, compiled by Inductor."""

from sdqviz.bench.contract import eager_fp

CONTENDER = eager_fp("bf16_compiled", "PyTorch BF16, compiled", 2, "bfloat16", compiled=True)
