"""One training from its start, or from its checkpoint, to the stored student.

In rounds: the serial phase records what the current student meets while it samples, the parallel
phase trains on shuffled mini-batches of that (arXiv 2412.06661).
"""

import json
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sdqviz.base.config import to_dict
from sdqviz.base.errors import SdqvizError
from sdqviz.base.events import (
    Event,
    Log,
    Progress,
    Saving,
    Scalar,
    State,
    event_from_row,
    event_to_row,
)
from sdqviz.base.keys import content_key, seed_from
from sdqviz.base.scene import Scene
from sdqviz.base.settings import world_size
from sdqviz.families.encoding import encoding
from sdqviz.layers.fake import fixed_weights
from sdqviz.layers.tensor_file import write_tensors
from sdqviz.products.context import Context
from sdqviz.products.influence import Influence
from sdqviz.products.scenes import Sampler, TuneScenes
from sdqviz.products.students import Learned
from sdqviz.products.trajectories import calls_per_scene
from sdqviz.training.batches import SERIAL, Batches
from sdqviz.training.blocks import block_layers, block_names
from sdqviz.training.checkpoints import Checkpoints
from sdqviz.training.course import Course
from sdqviz.training.footprint import micro_batch, training_bytes, ways_out
from sdqviz.training.freezing import Freezer
from sdqviz.training.losses import GUIDED, Losses, Sample, batch_of, training_loss
from sdqviz.training.options import HOST, TrainingOptions
from sdqviz.training.processes import Processes
from sdqviz.training.recorded_calls import ConditionedCalls, serial_phase
from sdqviz.training.trainer import Trainer
from sdqviz.training.tune_scene import watch

KEPT_ROUNDS = 4  # the newest rounds train together: few scenes at a time are learned by heart
CURVE_POINTS = 120  # a curve keeps about so many points, however long the training
WINDOWS = 12  # the freezing criteria look so many times


class Distillation:
    """`course` counts its work for its stage; `key` is that of the student it stores."""

    def __init__(
        self,
        course: Course,
        context: Context,
        config: TrainingOptions,
        student: nn.Module,
        key: str,
    ) -> None:
        self.course, self.context, self.config, self.key = course, context, config, key
        self.student = student
        self.sampler = context.take(Sampler)
        self.scenes = self.sampler.training_scenes(config.rounds * config.training_scenes)
        self.trainer = Trainer(
            student,
            trainable=config.trainable,
            rank=config.lora_rank,
            weight_rate=config.weight_rate,
            scale_rate=config.scale_rate,
            average=config.average,
            clip=config.clip,
            steps=config.training_steps,
            state=torch.device("cpu") if config.optimizer_on == HOST else None,
            bits=config.optimizer_bits,
            half=config.precision == "fp16",
        )
        network, classes = context.model.network, context.model.family.block_classes
        self.blocks = block_names(network, classes)
        self.processes = Processes(config.batch, context.model.device)
        self.micro = self._micro_batch()
        self.freezer = Freezer(
            blocks=block_layers(student, self.blocks),
            window=_window(config, self.scenes),
            plateau=config.freeze_plateau,
            patience=config.freeze_patience,
            oscillation=config.freeze_oscillation,
        )
        self.checkpoints = Checkpoints(context.products.scratch() / "distill", key)
        self.step, self.seconds = 0, 0.0  # optimiser steps done, time spent on them
        self.told: list[Event] = []  # what a run that finds this student would not see
        self.looking = False  # its points belong together: it is not left in between
        self.rounds = course.steps

    def run(self) -> Iterator[Event]:
        saved = self.checkpoints.load() if world_size() == 1 else None
        if self.checkpoints.torn:
            message = "the training's last state is damaged: it starts anew"
            yield Log(message=message, level="warning")
        if saved is not None:
            numbers, tensors = saved
            self.step, self.seconds = numbers["step"], numbers["seconds"]
            self.told = [event_from_row(kind, body) for kind, body in numbers["told"]]
            self.trainer.restore(numbers["trainer"], Part(tensors, "trainer."))
            self.freezer.restore(numbers["freezer"], Part(tensors, "freezer."))
            for block in self.freezer.frozen:
                self.trainer.freeze(self.freezer.blocks[block])
            yield Log(message=f"training goes on from step {self.step} of {sum(self.rounds)}")
            yield from self.told  # up to the state, as whoever was never stopped told it
        self.processes.take_over(self.student.state_dict())
        steps, complete = self._rounds(), True
        try:
            for event in steps:
                complete = self._noted(event)
                yield event
        except GeneratorExit:
            while not complete:  # left between two points of one step: the state has both
                complete = self._noted(next(steps))
            steps.close()  # a walk shows the average: the state is what trains
            self._stop_early()
            raise
        except (torch.OutOfMemoryError, MemoryError) as error:
            raise self._too_large() from error
        except RuntimeError as error:
            if "alloc" in str(error) and "memory" in str(error):
                raise self._too_large() from error
            raise
        self.trainer.stop()
        facts = json.dumps({"facts": self._facts(), "told": self._told()}).encode()
        self.context.products.product(f"{self.key}-facts", "json", lambda: facts)
        learned = self.student.state_dict()
        self.context.products.product_file(
            self.key, "safetensors", lambda file: write_tensors(file, learned)
        )
        self.checkpoints.remove()

    def _noted(self, event: Event) -> bool:
        """Remembers an event for the state. Whether all events of the steps and the looks so far
        are told.
        """
        if not isinstance(event, Progress | Log | Saving):
            self.told.append(event)
        return isinstance(event, Progress | Saving) and not self.looking

    def _facts(self) -> dict[str, Any]:
        """What the training was; throughput counts the parallel phases alone (measured)."""
        return {
            "steps": self.step,
            "batch": self.config.batch,
            "seconds": self.seconds,
            "samples_per_second": self.step * self.config.batch / max(self.seconds, 1e-9),
            "blocks": len(self.freezer.blocks),
            "frozen": dict(self.freezer.frozen),
            "samples": self.step * self.config.batch,
        }

    def _told(self) -> list[Any]:
        return [event_to_row(event) for event in self.told]

    def _rounds(self) -> Generator[Event, None, None]:
        scenes = [*self.scenes, *self.context.take(TuneScenes).scenes]
        for done in encoding(self.context.model, scenes):
            yield self.course.begun(self.step, f"prompt {done + 1} of {len(scenes)}")
        if self.step == 0 and self.config.previews and not self.told:
            yield self.course.looked(0, 0)
            yield from self._watch(0)
        yield self.course.stepped(self.step, self.seconds)
        start = 0
        for number, steps in enumerate(self.rounds):
            end = start + steps
            if self.step < end:
                calls: list[ConditionedCalls] = []
                oldest = max(0, number - KEPT_ROUNDS + 1)
                for past in range(oldest, number + 1):  # all but the newest lie on disk
                    yield from self._serial(past, calls)
                yield from self._parallel(calls, number, start, end)
            start = end

    def _folder(self, number: int) -> Path:
        return self.checkpoints.folder / f"round-{number}"

    def _serial(self, number: int, calls: list[ConditionedCalls]) -> Iterator[Event]:
        """Adds the calls of one round's scenes, walked now or found on disk."""
        context, config = self.context, self.config
        count = config.training_scenes
        scenes = self.scenes[number * count : (number + 1) * count]
        folder, walked, met = self._folder(number), 0, 0
        with self.trainer.averaged(), fixed_weights(self.student):
            for seen in serial_phase(
                *(context.model, self.student, scenes, config.source, folder, self.processes),
                config.autocast,
            ):
                if seen is None:  # of several processes each walks as many
                    met += self.processes.count
                else:
                    calls.append(seen)
                    walked, met = walked + 1, 0
                now = self.course.stepped(self.step, self.seconds)  # calls on disk are behind it
                there = self.course.walked(number, walked, met)
                yield max(now, there, key=lambda event: event.done)

    def _parallel(
        self, calls: list[ConditionedCalls], number: int, start: int, end: int
    ) -> Iterator[Event]:
        config, total = self.config, sum(self.rounds)
        influence = self.context.take(Influence).calls if self.context.has(Influence) else ()
        batches = Batches(
            scenes=len(calls),
            calls=len(calls[0].calls.x),
            branches=calls[0].calls.branches,
            size=config.batch,
            order=config.order,
            seed=seed_from("round", self.sampler.seed, number),
            paired=config.target == GUIDED,
            weights=influence,
        )
        every = max(1, total // CURVE_POINTS)
        while self.step < end:
            started = time.monotonic()
            picks = self.processes.share(batches.at(self.step - start))
            device, micro = self.context.model.device, self.micro
            parts = [picks[i : i + micro] for i in range(0, len(picks), micro)]
            losses: list[Losses] = []
            for place, part in enumerate(parts):
                if place:
                    yield self.course.learned(self.step, place * micro, len(picks))
                sample = batch_of(calls, part, device, batches.loss_weight)
                losses.append(self._learn(sample, len(part) / len(picks)))
            self._update()
            self.seconds += time.monotonic() - started
            loss, output, blocks = _together(losses, [len(part) / len(picks) for part in parts])
            blocks = self.processes.average(blocks, device)
            self.freezer.see(blocks)
            frozen = []
            if config.freezing and self.freezer.due(self.step):
                frozen = self._freeze()
            now, self.step = self.step, self.step + 1  # the state is whole before any event
            if now % every == 0 or self.step == total:
                yield from self._curves(now, loss, output, blocks)
            yield from frozen
            if self.step in self.course.looks:
                yield from self._watch(self.step)
            if self.checkpoints.due():
                yield Saving(stage=self.course.stage)
                self._save()
            yield self.course.stepped(self.step, self.seconds)

    def _learn(self, sample: Sample, share: float) -> Losses:
        """Adds the gradients of a micro-batch, which is a share of the batch."""
        config, model = self.config, self.context.model
        losses = training_loss(
            model.network,
            self.student,
            sample,
            blocks=self.blocks,
            inter_layer=config.inter_layer,
            target=config.target,
            autocast=config.autocast,
        )
        if not losses.value.isfinite():
            block, timestep = losses.culprit(sample)
            raise SdqvizError(
                f"the loss is {losses.value.item()} at step {self.step}, first in {block} at "
                f"timestep {timestep:g}; the state of the last checkpoint is kept",
                "lower weight_rate and scale_rate, or train with precision fp32",
            )
        self.trainer.backward(losses.value if share == 1 else losses.value * share)
        return losses

    def _update(self) -> None:
        self.processes.average_gradients(self.trainer.parameters())
        self.trainer.update(self.step)
        self.processes.prove_equal(self.trainer.parameters())

    def _curves(
        self, step: int, total: float, output: float, blocks: dict[str, float]
    ) -> Iterator[Event]:
        rate = self.trainer.factor(step) * self.config.weight_rate
        for name, value in (("loss", total), ("output", output), ("learning_rate", rate)):
            yield Scalar(name=name, value=value, step=step)
        for block, value in blocks.items():
            yield Scalar(name="block", layer=block, value=value, step=step)

    def _freeze(self) -> list[Event]:
        events: list[Event] = []
        for found in self.freezer.check(self.step):
            self.trainer.freeze(self.freezer.blocks[found.block])
            events.append(
                State(name="frozen", layer=found.block, step=self.step, reason=found.reason)
            )
            events.append(Log(message=f"step {self.step}: froze {found.block} ({found.reason})"))
        return events

    def _watch(self, step: int) -> Iterator[Event]:
        self.looking = True
        with self.trainer.averaged(), fixed_weights(self.student):
            for told in watch(self.context, self.student, self.blocks, step, self.config.autocast):
                yield self.course.looked(step, told) if isinstance(told, int) else told
        self.looking = False

    def _save(self) -> None:
        tensors = {f"trainer.{k}": v for k, v in self.trainer.tensors().items()}
        tensors |= {f"freezer.{k}": v for k, v in self.freezer.tensors().items()}
        numbers = {
            "step": self.step,
            "seconds": self.seconds,
            "told": self._told(),
            "trainer": self.trainer.numbers(),
            "freezer": self.freezer.numbers(),
        }
        self.checkpoints.save(numbers, tensors)
        ended = sum(sum(self.rounds[: n + 1]) <= self.step for n in range(len(self.rounds)))
        for number in range(ended - KEPT_ROUNDS + 1):  # no later step reads them, nor a resumed run
            self.checkpoints.forget(self._folder(number))

    def _stop_early(self) -> None:
        """A cancel or an early end: the average so far is what the run leaves behind."""
        self._save()
        self.trainer.stop()
        learned = Learned(self.student, sum(self.rounds))
        self.context.give(learned, content_key(self.key, self.step))  # not what its key promises
        self.context.result["stopped_at"] = {"step": self.step, "of": sum(self.rounds)}
        self.context.result["training"] = self._facts()

    def _micro_batch(self) -> int:
        """How many samples are in memory at a time; paired branches stay together."""
        known = self._known()
        size = micro_batch(known, known["parameters"], known["side"])
        branches = 2 if self.config.target == GUIDED else 1
        return max(branches, size - size % branches)

    def _known(self) -> dict[str, Any]:
        model = self.context.model
        channels, height, width = model.family.latent_shape(model, self.scenes[0])
        return {
            **to_dict(self.config),
            "parameters": sum(p.numel() for p in model.network.parameters()),
            "side": (height * width) ** 0.5,
            "channels": channels,
            "gpu": int(model.device.type != "cpu"),
        }

    def _too_large(self) -> SdqvizError:
        config = self.config
        needed = training_bytes(self._known())
        return SdqvizError(
            f"out of memory: training with batch {config.batch}, {self.micro} at a time, trainable "
            f"{config.trainable} needs about {needed / 1e9:.1f} GB beside the model",
            ways_out(to_dict(config), self.micro),
        )


def _together(losses: list[Losses], shares: list[float]) -> tuple[float, float, dict[str, float]]:
    """(total, output, blocks) of a whole batch from its micro-batches' losses."""
    if len(losses) == 1:
        return losses[0].total, losses[0].output, losses[0].blocks
    pairs = list(zip(losses, shares, strict=True))
    blocks = {name: sum(own.blocks[name] * s for own, s in pairs) for name in losses[0].blocks}
    total, output = (
        sum(getattr(own, kind) * s for own, s in pairs) for kind in ("total", "output")
    )
    return total, output, blocks


def _window(config: TrainingOptions, scenes: list[Scene]) -> int:
    """Optimiser steps after which the freezing criteria look; a whole walk at least, when the
    order follows it: its losses differ from timestep to timestep.
    """
    window = max(10, config.training_steps // WINDOWS)
    if config.order == SERIAL:
        calls = max(calls_per_scene(scene) for scene in scenes)
        return calls * max(1, round(window / calls))
    return window


class Part(Mapping[str, torch.Tensor]):
    """Those of the tensors whose names start with a prefix, by what follows it."""

    def __init__(self, whole: Mapping[str, torch.Tensor], prefix: str) -> None:
        self._whole, self._prefix = whole, prefix

    def __getitem__(self, name: str) -> torch.Tensor:
        return self._whole[self._prefix + name]

    def __contains__(self, name: object) -> bool:
        return f"{self._prefix}{name}" in self._whole

    def __iter__(self) -> Iterator[str]:
        names = (name for name in self._whole if name.startswith(self._prefix))
        return (name.removeprefix(self._prefix) for name in names)

    def __len__(self) -> int:
        return sum(1 for _ in self)
