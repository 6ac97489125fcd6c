"""OpenVINO in bfloat16."""

from sdqviz.bench.openvino_step import openvino

CONTENDER = openvino("openvino_bf16", "OpenVINO BF16", 31, "bf16")
