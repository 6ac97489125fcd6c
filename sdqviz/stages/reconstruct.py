"""Block reconstruction: the codes, and then the ranges, that keep each block's output."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from safetensors.torch import load_file
from torch import nn

from sdqviz.base.events import Event, Preview, Progress, event_from_row
from sdqviz.layers.convert import twin
from sdqviz.layers.fake import fake_network, in_full
from sdqviz.layers.time_table import install_time_rows
from sdqviz.products.chosen import ChosenCalls
from sdqviz.products.context import Context
from sdqviz.products.plan import Plan
from sdqviz.products.ranges import Ranges
from sdqviz.products.scenes import CalibrationScenes, TuneScenes
from sdqviz.products.students import Learned
from sdqviz.products.trajectories import CalibrationTrajectories
from sdqviz.stages.contract import Needs, Stage
from sdqviz.training.reconstruction import Reconstruction
from sdqviz.training.reconstruction_options import ReconstructionOptions
from sdqviz.training.reconstruction_state import hold_nearest, take_learned

_BLOCKS = 25  # of a usual network: for each, all samples go half through it, twice


@dataclass(frozen=True, kw_only=True)
class ReconstructStage(ReconstructionOptions, Stage):
    name = "reconstruct"
    label = "reconstructing blocks"
    version = 1
    reads = (*(CalibrationScenes, CalibrationTrajectories, TuneScenes, Plan, Ranges, ChosenCalls),)
    gives = (Learned,)
    # The FP network is the teacher's tensors; of the student a byte a weight, and of the block that
    # learns four numbers a weight. Inputs and outputs of a block's samples lie on disk.
    needs = Needs(
        network_calls=f"({_BLOCKS} * samples + 4 * (iterations + range_iterations) * block_batch)"
        " / branches",
        device_bytes="2 * parameters + block_batch * 2 * sqrt(parameters) * side ** 2",
        disk_bytes="samples * 3 * sqrt(parameters) / 25 * side ** 2 + 2 * parameters",
    )
    can_finish_early = True
    effort = ("iterations", "range_iterations")

    def _cost(self, context: Context) -> float:
        samples = 256
        if context.has(ChosenCalls):
            samples = len(context.take(ChosenCalls).picks)
            if context.products.find(context.key()):
                return 1.0
        iterations = self.iterations + self.range_iterations
        return 0.5 * (_BLOCKS * samples + 4 * iterations * self.block_batch)

    def _run(self, context: Context) -> Iterator[Event]:
        key, (student, reference) = context.key(), self._networks(context)
        hold_nearest(student)
        found = context.products.find(key) is not None
        if not found:
            work = Reconstruction(self.name, context, self, student, reference, key)
            yield from work.run()
        kept = json.loads(context.products.file(f"{key}-facts").read_bytes())
        context.result["training"] = kept["facts"]
        if found:
            for kind, body in kept["told"]:  # its curves are this run's too
                event = event_from_row(kind, body)
                if not isinstance(event, Preview) or context.products.has_blob(event.blob):
                    yield event
            take_learned(student, load_file(context.products.file(key)))
        context.give(Learned(student, kept["facts"]["steps"]))
        yield Progress(stage=self.name, done=1, total=1)

    def _networks(self, context: Context) -> tuple[nn.Module, nn.Module]:
        """The teacher's twins: one with fake layers, and one in FP whose blocks take the same
        arguments, for its time layers are a table too.
        """
        plan, ranges = context.take(Plan), context.take(Ranges)
        teacher = context.model.network
        student, reference = twin(teacher), twin(teacher)
        if plan.has_time_table:
            visited = context.take(CalibrationTrajectories).timesteps
            for network in (student, reference):
                install_time_rows(network, teacher, visited)
        fake_network(student, plan.layers, ranges.layers, group=ranges.timestep_group, shared=True)
        in_full(student)
        student.requires_grad_(False)
        reference.requires_grad_(False)
        return student, reference
