"""Serial-to-Parallel training with inter-layer distillation (arXiv 2412.06661).

See recipes/fidelity.md for what the paper states and what is ours.
"""

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from safetensors.torch import load_file
from torch import nn

from sdqviz.base.events import Event, Preview, Progress, event_from_row
from sdqviz.base.settings import world_size
from sdqviz.base.steps import result_of
from sdqviz.layers.convert import twin
from sdqviz.layers.fake import fake_layers, faking_network, in_full
from sdqviz.layers.time_table import install_time_rows
from sdqviz.products.context import Context
from sdqviz.products.influence import Influence
from sdqviz.products.plan import Plan
from sdqviz.products.ranges import Ranges
from sdqviz.products.scenes import Sampler, TuneScenes
from sdqviz.products.students import Learned
from sdqviz.products.trajectories import CalibrationTrajectories, calls_per_scene
from sdqviz.stages.contract import SEARCH_CALLS, Needs, Stage
from sdqviz.training.course import Course
from sdqviz.training.distillation import Distillation
from sdqviz.training.footprint import (
    DEVICE_BYTES,
    DISK_BYTES,
    MEMORY_BYTES,
    NETWORK_CALLS,
)
from sdqviz.training.optimizer import check_optimizer
from sdqviz.training.options import TrainingOptions
from sdqviz.training.trainer import LORA


@dataclass(frozen=True, kw_only=True)
class DistillStage(TrainingOptions, Stage):
    name = "distill"
    label = "training"
    version = 5
    reads = (Sampler, TuneScenes, CalibrationTrajectories, Plan, Ranges)
    may_read = (Influence,)
    gives = (Learned,)
    needs = Needs(
        network_calls=f"{NETWORK_CALLS} + {SEARCH_CALLS}",
        device_bytes=DEVICE_BYTES,
        memory_bytes=MEMORY_BYTES,
        disk_bytes=DISK_BYTES,
    )
    can_finish_early = True
    on_all_processes = True
    effort = ("training_steps",)

    def check(self) -> None:
        check_optimizer(self.optimizer_bits)

    def _cost(self, context: Context) -> float:
        if not context.has(Ranges):  # asked before anything ran
            walks = 3.0 * self.rounds * self.training_scenes
        elif context.products.find(context.key()):
            return 1.0
        else:
            scenes = context.take(Sampler).training_scenes(self.rounds * self.training_scenes)
            walks = 2.0 * sum(calls_per_scene(scene) for scene in scenes)
        # Forward, backward and the teacher: about four calls' work for two samples.
        return walks + self.training_steps * self.batch / 2 * 4 * 0.5

    def _run(self, context: Context) -> Iterator[Event]:
        key = context.key()
        scenes = context.take(Sampler).training_scenes(self.rounds * self.training_scenes)
        course = Course.of(self.name, self, scenes, context.take(TuneScenes).scenes[0])
        searching = self._student(context, course)
        try:
            while True:
                yield next(searching)
        except StopIteration as end:
            student = end.value
        except GeneratorExit:
            if world_size() == 1:  # what it has so far is what is left behind, as after any step
                self._leave(context, course, key, result_of(searching))
            raise
        # Several processes always train: a helper cannot know what the first one found.
        trains = context.products.find(key) is None or world_size() > 1
        if trains:
            yield from Distillation(course, context, self, student, key).run()
        kept = json.loads(context.products.file(f"{key}-facts").read_bytes())
        context.result["training"] = kept["facts"]
        if not trains:
            for kind, body in kept["told"]:  # its curves are this run's too
                event = event_from_row(kind, body)
                if not isinstance(event, Preview) or context.products.has_blob(event.blob):
                    yield event
            self._found(context, key, student)
        context.give(Learned(student, self.training_steps))
        yield Progress(stage=self.name, done=course.total, total=course.total)

    def _found(self, context: Context, key: str, student: nn.Module) -> None:
        """Makes it the student that was trained before."""
        if self.trainable == LORA:
            for layer in fake_layers(student).values():
                layer.add_low_rank(self.lora_rank)
        student.load_state_dict(load_file(context.products.file(key)))

    def _leave(self, context: Context, course: Course, key: str, student: nn.Module) -> None:
        """Gives the student of the last saved state, of the first step, or the whole one."""
        if context.products.find(key) is not None:
            self._found(context, key, student)
            context.give(Learned(student, self.training_steps))
            return
        training = Distillation(course, context, self, student, key).run()
        next(event for event in training if isinstance(event, Progress))
        training.close()

    def _student(self, context: Context, course: Course) -> Generator[Event, None, nn.Module]:
        """The teacher's twin with fake layers and without time layers."""
        plan, ranges = context.take(Plan), context.take(Ranges)
        teacher = context.model.network
        student = twin(teacher)
        if plan.has_time_table:
            visited = context.take(CalibrationTrajectories).timesteps
            install_time_rows(student, teacher, visited)
        weights = sum(layer.parameters for layer in plan.rounded)
        for done in faking_network(
            student,
            plan.layers,
            ranges.layers,
            shape=self.pair_shape,
            group=ranges.timestep_group,
            shared=self.shares_weights,
        ):
            yield course.searched(done, weights, f"scales of {done:,} of {weights:,} weights")
        in_full(student)
        if self.gradient_checkpointing:
            student.enable_gradient_checkpointing()
            student.train()  # diffusers checkpoints in training mode only; there is no dropout
        return student
