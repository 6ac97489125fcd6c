"""Pack the weights, rounded to nearest or as trained, and load the student from its file."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from sdqviz.base.events import Event, Progress
from sdqviz.layers.checkpoint import build_student, packed_tensors, serialise
from sdqviz.layers.convert import pack_layer, replace_module, twin
from sdqviz.layers.current_call import CurrentCall
from sdqviz.layers.fake import FakeLayer
from sdqviz.layers.size import bits_per_weight, network_bytes, tensor_bytes
from sdqviz.layers.time_table import all_timesteps, install_time_rows
from sdqviz.measure.layer_facts import engine_report, layer_rows
from sdqviz.products.context import Context
from sdqviz.products.plan import Plan
from sdqviz.products.ranges import Ranges
from sdqviz.products.students import Learned, Student
from sdqviz.products.trajectories import CalibrationTrajectories
from sdqviz.stages.contract import SEARCH_CALLS, Needs, Stage


@dataclass(frozen=True, kw_only=True)
class PackStage(Stage):
    name = "pack"
    label = "rounding and packing weights"
    version = 4
    reads = (CalibrationTrajectories, Plan, Ranges)
    may_read = (Learned,)
    gives = (Student,)
    # A parameter: packed, expanded to int8, and its file while it is written.
    needs = Needs(
        network_calls=SEARCH_CALLS, memory_bytes="2 * parameters", disk_bytes="parameters"
    )
    keeps_what_is_learned = True

    def _cost(self, context: Context) -> float:
        # Half a microsecond a weight, in calls that take about as long as reading it 20 times.
        return 40.0

    def _run(self, context: Context) -> Iterator[Event]:
        plan, ranges = context.take(Plan), context.take(Ranges)
        network, key = context.model.network, context.key()
        learned = context.has(Learned)
        module = packed = None
        total, done = sum(layer.parameters for layer in plan.rounded), 0
        if context.products.find(key) is None:
            student = twin(context.take(Learned).network if learned else network)
            current_call = CurrentCall()
            for layer in plan.rounded:
                yield Progress(stage=self.name, done=done, total=total, place=layer.name)
                module = student.get_submodule(layer.name)
                if isinstance(module, FakeLayer):
                    packed = module.pack(current_call)
                else:
                    own = ranges.layers.get(layer.name)
                    packed = pack_layer(module, layer, own, current_call)
                replace_module(student, layer.name, packed)
                done += layer.parameters
            install_time_rows(student, network, _table_rows(context, plan))
            yield Progress(stage=self.name, done=done, total=total, place="writing the file")
            context.products.product_file(key, "safetensors", partial(serialise, student))
            del student, module, packed
        yield Progress(stage=self.name, done=total, total=total, place="reading it back")
        student = build_student(network, context.products.file(key))
        context.give(Student(student))
        if learned:
            context.take(Learned).free()
        context.result.update(
            packed=context.products.find(key),
            size=packed_size(network, student),
            layers=layer_rows(network, student, plan, ranges, learned),
            engine=engine_report(student),
        )
        yield Progress(stage=self.name, done=total, total=total)


def _table_rows(context: Context, plan: Plan) -> torch.Tensor | None:
    """The timesteps that the table must give, [R]; None keeps the time layers."""
    if not plan.has_time_table:
        return None
    if plan.settings.time_rows == "all":
        return all_timesteps(context.model.scheduler_config["num_train_timesteps"])
    return context.take(CalibrationTrajectories).timesteps


def packed_size(network: nn.Module, student: nn.Module) -> dict[str, Any]:
    """Stored bytes in all and by part, and the FP network's bytes in float32."""
    tensors = packed_tensors(student)
    stored = tensor_bytes(tensors)
    parts = {"codes": 0, "scales": 0, "activation pairs": 0, "time table": 0, "kept FP": 0}
    for name, tensor in tensors.items():
        parts[_part(name)] += tensor_bytes({name: tensor})
    parameters = sum(p.numel() for p in network.parameters())
    return {
        "bytes": stored,
        "fp_bytes": network_bytes(network),
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
    scales = name.startswith("correction.") or name.endswith((".scale", ".multipliers"))
    return "scales" if scales else "kept FP"
