"""Serial-to-Parallel training with inter-layer distillation (arXiv 2412.06661).

See recipes/fidelity.md for what the paper states and what is ours.
"""

import copy
import json
from collections.abc import Iterator

import torch
from safetensors.torch import load_file
from torch import nn

from sdqviz.base.events import Event
from sdqviz.base.settings import world_size
from sdqviz.layers.fake import fake_layers, fake_network
from sdqviz.layers.time_table import install_time_rows
from sdqviz.products.context import Context
from sdqviz.products.trajectories import calls_per_scene
from sdqviz.training.distillation import Distillation
from sdqviz.training.trainer import LORA


class DistillStage:
    name = "distill"
    version = 3

    def cost(self, context: Context) -> float:
        config = context.config
        if not config.training_steps or context.products.find(_key(self, context)):
            return 1.0
        walks = 2.0 * sum(calls_per_scene(scene) for scene in context.training)
        # Forward, backward and the teacher: about four calls' work for two samples.
        return walks + config.training_steps * config.batch / 2 * 4 * 0.5

    def run(self, context: Context) -> Iterator[Event]:
        if not context.config.training_steps:
            return
        key = _key(self, context)
        student = _student(context)
        # Several processes always train: a helper cannot know what the first one found.
        if context.products.find(key) is None or world_size() > 1:
            yield from Distillation(self.name, context, student, key).run()
        facts = context.products.file(f"{key}-facts").read_bytes()
        context.result["training"] = json.loads(facts)
        if context.config.trainable == LORA:
            for layer in fake_layers(student).values():
                layer.add_low_rank(context.config.lora_rank)
        student.load_state_dict(load_file(context.products.file(key)))
        context.learned, context.learned_key = student, key


def _key(stage: DistillStage, context: Context) -> str:
    config = context.config
    ranges = {
        name: [[str(t), p.scale, p.zero_point] for t, p in own.table()] + own.factors()
        for name, own in context.activations.items()
    }
    return context.key(
        stage,
        {name: getattr(config, name) for name in config.training_fields()},
        {name: layer.as_dict() for name, layer in context.plan.items()},
        ranges,
        [name for name, own in context.activations.items() if own.first_token_fp],
        [config.timestep_group, context.influence, world_size()],
        [scene.as_dict() for scene in [*context.training, *context.tune]],
    )


def _student(context: Context) -> nn.Module:
    """The teacher's copy with fake layers and without time layers."""
    config, teacher = context.config, context.model.network
    student = copy.deepcopy(teacher)
    install_time_rows(student, teacher, _timesteps(context))
    fake_network(
        student,
        context.plan,
        context.activations,
        shape=config.pair_shape,
        group=config.timestep_group,
    )
    student.float()  # a teacher in half precision: its student learns in full
    if config.gradient_checkpointing:
        student.enable_gradient_checkpointing()
        student.train()  # diffusers checkpoints in training mode only; there is no dropout
    return student


def _timesteps(context: Context) -> torch.Tensor | None:
    if context.config.time_rows == "none":
        return None
    calls = [context.trajectories[scene.id].timesteps for scene in context.calibration]
    return torch.cat(calls).to(torch.int64).unique()
