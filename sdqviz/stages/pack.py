"""Pack the weights, rounded to nearest or as trained, and load the student from its file."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

from sdqviz.base.events import Event, Progress
from sdqviz.base.keys import content_key
from sdqviz.layers.checkpoint import build_student, packed_tensors, serialise
from sdqviz.layers.convert import pack_layer, replace_module, twin
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.fake import FakeLayer
from sdqviz.layers.size import bits_per_weight, network_bytes, tensor_bytes
from sdqviz.layers.time_table import install_time_rows
from sdqviz.measure.layer_facts import engine_report, layer_rows, range_rows
from sdqviz.products.context import Context


class PackStage:
    name = "pack"
    version = 2

    def cost(self, context: Context) -> float:
        # Half a microsecond a weight, in calls that take about as long as reading it 20 times.
        return 40.0

    def run(self, context: Context) -> Iterator[Event]:
        ranges = {
            name: [*range_rows(value), value.factors()]
            for name, value in context.activations.items()
        }
        plan = {name: layer.as_dict() for name, layer in context.plan.items()}
        rows = _timesteps(context)
        table = None if rows is None else rows.tolist()
        key = context.key(self, plan, ranges, table, context.learned_key)
        if context.products.find(key) is None:
            student = twin(context.learned or context.model.network)
            current_call = CurrentCall()
            chosen = [layer for layer in context.plan.values() if layer.weight is not None]
            for index, layer in enumerate(chosen):
                yield Progress(stage=self.name, done=index, total=len(chosen))
                module = student.get_submodule(layer.name)
                if isinstance(module, FakeLayer):
                    packed = module.pack(current_call)
                else:
                    packed = pack_layer(
                        module, layer, context.activations.get(layer.name), current_call
                    )
                replace_module(student, layer.name, packed)
            install_time_rows(student, context.model.network, rows)
            context.products.product_file(key, "safetensors", partial(serialise, student))
            del student
        context.student = build_student(context.model.network, context.products.file(key))
        context.student_key = content_key(key)
        context.result.update(
            packed=context.products.find(key),
            size=_size(context),
            layers=layer_rows(context),
            engine=engine_report(context.student),
        )
        yield Progress(stage=self.name, done=1, total=1)


def _timesteps(context: Context) -> torch.Tensor | None:
    """The timesteps that get a row in the table; None keeps the time layers."""
    if context.config.time_rows == "none":
        return None
    if context.config.time_rows == "all":
        return torch.arange(context.model.scheduler_config["num_train_timesteps"])
    calls = [t.timesteps for t in context.trajectories.values()]
    return torch.cat(calls).to(torch.int64).unique()


def _size(context: Context) -> dict[str, Any]:
    """Stored bytes in all and by part, and the FP network's bytes in float32."""
    assert context.student is not None
    tensors = packed_tensors(context.student)
    stored = tensor_bytes(tensors)
    parts = {"codes": 0, "scales": 0, "activation pairs": 0, "time table": 0, "kept FP": 0}
    for name, tensor in tensors.items():
        parts[_part(name)] += tensor_bytes({name: tensor})
    parameters = sum(p.numel() for p in context.model.network.parameters())
    return {
        "bytes": stored,
        "fp_bytes": network_bytes(context.model.network),
        "bits_per_weight": bits_per_weight(stored, parameters),
        "parts": parts,
    }


def _part(name: str) -> str:
    if name.startswith("time_proj."):
        return "time table"
    if ".activations." in name:
        return "activation pairs"
    if name.endswith(".codes"):
        return "codes"
    return "scales" if name.endswith((".scale", ".multipliers")) else "kept FP"
