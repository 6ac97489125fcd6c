"""OpenVINO in float32."""

from sdqviz.bench.openvino_step import openvino

CONTENDER = openvino("openvino_fp32", "OpenVINO FP32", 30, "f32")
