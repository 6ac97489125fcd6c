"""OpenVINO after NNCF's post-training quantization: int8 weights and activations, the rest BF16."""

from sdqviz.bench.openvino_step import openvino

CONTENDER = openvino("openvino_int8", "OpenVINO INT8 (NNCF)", 32, "bf16", int8=True)
