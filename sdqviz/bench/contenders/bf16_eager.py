"""PyTorch in bfloat16."""

from sdqviz.bench.contract import eager_fp

CONTENDER = eager_fp("bf16_eager", "PyTorch BF16", 1, "bfloat16")
