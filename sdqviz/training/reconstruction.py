"""Block reconstruction (BRECQ, arXiv 2102.05426): a walk over the blocks in the order of the
computation, each learning to give the FP block's output from what the network so far gives it.
"""

import json
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import nn

from sdqviz.base.events import (
    Event,
    Log,
    Progress,
    Saving,
    Scalar,
    event_from_row,
    event_to_row,
)
from sdqviz.base.keys import content_key, seed_from
from sdqviz.families.conditioning import call_network, number_format
from sdqviz.families.encoding import encode
from sdqviz.layers.fake import FakeLayer, fake_layers, fixed_weights, plain_inputs
from sdqviz.layers.reached import Arguments, in_order, reach
from sdqviz.layers.taps import tap_outputs
from sdqviz.layers.tensor_file import write_tensors
from sdqviz.products.context import Context
from sdqviz.products.scenes import CalibrationScenes, TuneScenes
from sdqviz.products.students import Learned
from sdqviz.training.aligned_weights import aligning
from sdqviz.training.block_calls import BlockCalls
from sdqviz.training.block_losses import block_error, inner_error, relative_error
from sdqviz.training.block_training import BOTH, RANGES, WEIGHTS, BlockTraining
from sdqviz.training.blocks import block_names
from sdqviz.training.checkpoints import Checkpoints
from sdqviz.training.chosen_samples import ChosenSamples
from sdqviz.training.reconstruction_options import (
    APART,
    MIXED,
    TEACHER,
    ReconstructionOptions,
)
from sdqviz.training.reconstruction_state import learned_tensors, take_learned
from sdqviz.training.tune_scene import LOOKED, watch

CURVE_POINTS = 8  # of each block's curve
AGREEMENT = "agreement"  # of the gradients of timestep groups, of each block
FP, SO_FAR, OUTPUT = "fp", "quantized", "output"  # what is kept of a block's calls


class Reconstruction:
    """`name` is its stage's; `student`: fake layers, their codes held; `reference`: the FP network
    with the student's time table, whose blocks take the same arguments; `key`: of the product.
    """

    def __init__(
        self,
        name: str,
        context: Context,
        options: ReconstructionOptions,
        student: nn.Module,
        reference: nn.Module,
        key: str,
    ) -> None:
        self.name, self.context, self.options, self.key = name, context, options, key
        self.student, self.reference = student, reference
        self.samples = ChosenSamples(context)
        self.blocks = block_names(context.model.network, context.model.family.block_classes)
        self.units = self._units()
        self.walks = _walks(options)
        self.total = len(self.units) * sum(iterations for _, iterations in self.walks)
        self.checkpoints = Checkpoints(context.products.scratch() / "reconstruct", key)
        self.step, self.seconds = 0, 0.0
        self.told: list[Event] = []
        self._learning: BlockTraining | None = None
        self._at = 0  # the first step of the block that learns
        self._saved: tuple[int, dict[str, torch.Tensor]] | None = None  # a resumed run's

    def _units(self) -> dict[str, list[str]]:
        """What is reconstructed at a time, in the order of the computation -> its fake layers:
        blocks, and layers outside every block.
        """
        layers = list(fake_layers(self.student))
        blocks = [b for b in self.blocks if not any(b.startswith(f"{o}.") for o in self.blocks)]
        alone = [n for n in layers if not any(n.startswith(f"{b}.") for b in blocks)]
        sample = next(self.samples.batches())
        with fixed_weights(self.student):
            order = in_order(self.student, [*blocks, *alone], lambda: _call(self.student, sample))
        inside = {u: [n for n in layers if n == u or n.startswith(f"{u}.")] for u in order}
        return {unit: own for unit, own in inside.items() if own}

    def run(self) -> Iterator[Event]:
        self._resume()
        if self.checkpoints.torn:
            message = "the reconstruction's last state is damaged: it starts anew"
            yield Log(message=message, level="warning")
        if self.step:
            yield Log(message=f"reconstruction goes on from step {self.step} of {self.total}")
        yield from self.told  # up to the state, as whoever was never stopped told it
        tuned = self.context.take(TuneScenes).scenes
        encode(self.context.model, [*self.context.take(CalibrationScenes).scenes, *tuned])
        steps, complete = self._work(), True
        try:
            for event in steps:
                complete = self._noted(event)
                yield event
        except GeneratorExit:
            while not complete:  # left between two points of one step: the state has both
                complete = self._noted(next(steps))
            steps.close()
            self._stop_early()
            raise
        facts = json.dumps({"facts": self.facts(), "told": self._told()}).encode()
        self.context.products.product(f"{self.key}-facts", "json", lambda: facts)
        learned = learned_tensors(self.student)
        self.context.products.product_file(
            self.key, "safetensors", lambda file: write_tensors(file, learned)
        )
        self.checkpoints.remove()

    def _noted(self, event: Event) -> bool:
        """Remembers an event for the state. Whether all events of the steps so far are told."""
        if not isinstance(event, Progress | Log | Saving):
            self.told.append(event)
        return isinstance(event, Progress | Saving)

    def facts(self) -> dict[str, Any]:
        seen = self.step * self.options.block_batch
        return {
            "steps": self.step,
            "batch": self.options.block_batch,
            "seconds": self.seconds,
            "samples_per_second": seen / max(self.seconds, 1e-9),
            "blocks": len(self.units),
            "frozen": {},
            "samples": seen / max(len(self.units), 1),  # a step is one unit's
        }

    def _told(self) -> list[Any]:
        return [event_to_row(event) for event in self.told]

    def _work(self) -> Generator[Event, None, None]:
        yield Progress(stage=self.name, done=self.step, total=self.total)
        if self.options.looks:
            yield from self._look(0)
        start, visited = 0, 0
        visits = len(self.walks) * len(self.units)
        looks = {round(visits * (i + 1) / self.options.looks) for i in range(self.options.looks)}
        for learns, iterations in self.walks:
            for unit in self.units:
                end, visited = start + iterations, visited + 1
                if self.step < end:
                    yield from self._block(unit, learns, start, iterations)
                if visited in looks:
                    yield from self._look(end)
                start = end

    def _block(self, unit: str, learns: str, start: int, iterations: int) -> Iterator[Event]:
        layers = fake_layers(self.student)
        own = [layers[name] for name in self.units[unit]]
        with ExitStack() as scope:
            if learns == WEIGHTS:
                scope.enter_context(plain_inputs(layers.values()))
            samples = len(self.samples.timesteps)
            training = BlockTraining(own, learns, iterations, self.options, samples)
            if self._saved is not None and self._saved[0] == start:
                training.restore(self._saved[1])
            self._saved = None
            self._learning, self._at = training, start
            if training.empty:
                self.step = start + iterations
            else:
                folder = self.checkpoints.folder / f"block-{start}"
                calls = BlockCalls(folder, _half(self.context.model.network))
                arguments = yield from self._capture(unit, learns, calls)
                yield from self._learn(unit, training, start, calls, arguments)
                self.checkpoints.forget(folder)
            training.settle()
            self._learning = None
        yield Progress(stage=self.name, done=self.step, total=self.total)

    def _capture(self, unit: str, learns: str, calls: BlockCalls) -> Iterator[Any]:
        """Keeps what the block is given and should give, sample after sample."""
        options, arguments = self.options, None
        so_far = learns != RANGES and options.weights_see != TEACHER
        both = not so_far or options.weights_see == MIXED or options.inner_layers > 0
        with fixed_weights(self.student):
            for number, sample in enumerate(self.samples.batches()):
                if arguments is not None and number < calls.batches:
                    continue  # of a capture that was interrupted
                wanted, output = reach(
                    self.reference, unit, lambda s=sample: _call(self.reference, s), True
                )
                groups = {OUTPUT: output, **({FP: wanted.tensors} if both else {})}
                if so_far:
                    given, _ = reach(
                        self.student, unit, lambda s=sample: _call(self.student, s), False
                    )
                    groups[SO_FAR] = given.tensors
                if number >= calls.batches:
                    calls.add(groups)
                arguments = wanted
                yield Progress(stage=self.name, done=self.step, total=self.total)
        return arguments

    def _learn(
        self, unit: str, training: BlockTraining, start: int, calls: BlockCalls, given: Arguments
    ) -> Iterator[Event]:
        block, every = self.student.get_submodule(unit), max(1, training.iterations // CURVE_POINTS)
        aligns = {training.iterations // 3, 2 * training.iterations // 3}
        aligns = aligns if self.options.alignment and training.learns != RANGES else set()
        for iteration in range(self.step - start, training.iterations):
            if iteration in aligns:
                yield from self._align(unit, training, calls, given)
            began = time.monotonic()
            seed = seed_from("block", self.key[:16], start, iteration) % 2**63
            generator = torch.Generator().manual_seed(seed)
            places = self._draw(training, generator)
            inputs = self._inputs(training.learns, calls, places, generator)
            targets = self._targets(calls, places)
            inside = self.units[unit] if self.options.inner_layers else []
            with tap_outputs(self.student, inside) as seen:
                outputs = given.call(block, inputs)
            inner = torch.zeros(())
            if len(inside) > 1:
                inner = inner_error(seen, self._inside(unit, calls, places, given))
            loss = training.loss(outputs, targets, inner, iteration, places)
            training.update(loss, iteration)
            self.seconds += time.monotonic() - began
            now, self.step = self.step, self.step + 1  # the state is whole before any event
            if iteration % every == 0 or iteration == training.iterations - 1:
                error = relative_error(outputs, targets).item()
                yield Scalar(name="loss", value=error, step=now)
                yield Scalar(name="block", layer=unit, value=error, step=now)
            if self.checkpoints.due():
                yield Saving(stage=self.name)
                self._save()
            yield Progress(stage=self.name, done=self.step, total=self.total)

    def _draw(self, training: BlockTraining, generator: torch.Generator) -> list[int]:
        """A mini-batch of the samples that count at all."""
        counted = training.sample_weights.nonzero().flatten()
        order = torch.randperm(len(counted), generator=generator)[: self.options.block_batch]
        return counted[order].tolist()

    def _inputs(
        self, learns: str, calls: BlockCalls, places: list[int], generator: torch.Generator
    ) -> tuple[torch.Tensor, ...]:
        device, see = self.context.model.device, self.options.weights_see
        if learns == RANGES or see == TEACHER:
            return calls.rows(FP, places, device)
        so_far = calls.rows(SO_FAR, places, device)
        if see != MIXED:
            return so_far
        mixed = []
        for own, fp in zip(so_far, calls.rows(FP, places, device), strict=True):
            chosen = torch.rand(own.shape, generator=generator).to(device) < 0.5
            mixed.append(torch.where(chosen, own, fp))
        return tuple(mixed)

    def _targets(self, calls: BlockCalls, places: Sequence[int]) -> tuple[torch.Tensor, ...]:
        """What the block should give; its layers now are in the call of these samples, as they
        would be in the whole network's.
        """
        layer: FakeLayer = next(iter(fake_layers(self.student).values()))
        layer.current_call.enter([self.samples.timesteps[place] for place in places], None)
        return calls.rows(OUTPUT, places, self.context.model.device)

    def _inside(
        self, unit: str, calls: BlockCalls, places: Sequence[int], given: Arguments
    ) -> dict[str, torch.Tensor]:
        """What the block's layers give in the FP network."""
        rows = calls.rows(FP, places, self.context.model.device)
        own = number_format(self.reference)
        with torch.no_grad(), tap_outputs(self.reference, self.units[unit]) as wanted:
            given.call(self.reference.get_submodule(unit), [row.to(own) for row in rows])
        return {name: wanted[name].float() for name in wanted}

    def _align(
        self, unit: str, training: BlockTraining, calls: BlockCalls, given: Arguments
    ) -> Iterator[Event]:
        """Weighs the samples anew, by the gradients as they are now."""
        block = self.student.get_submodule(unit)

        def gradient(places: Sequence[int]) -> torch.Tensor:
            targets = self._targets(calls, places)
            generator = torch.Generator().manual_seed(places[0])
            inputs = self._inputs(training.learns, calls, list(places), generator)
            return training.gradient(block_error(given.call(block, inputs), targets))

        options = self.options
        steps = aligning(
            gradient, self.samples.timesteps, options.alignment_groups, options.alignment
        )
        while True:
            try:
                next(steps)
            except StopIteration as end:
                training.sample_weights = end.value.weights
                yield Scalar(name=AGREEMENT, layer=unit, value=end.value.agreement, step=self.step)
                return
            yield Progress(stage=self.name, done=self.step, total=self.total)

    def _look(self, step: int) -> Iterator[Event]:
        """The tune scene as the student is after so many steps, unless that was told before."""
        before = (event for event in self.told if isinstance(event, Scalar))
        if any(event.name == LOOKED and event.step == step for event in before):
            return
        with fixed_weights(self.student):
            for told in watch(self.context, self.student, self.blocks, step):
                if isinstance(told, int):  # calls of the walk: seconds, so that it is no silence
                    yield Progress(stage=self.name, done=self.step, total=self.total)
                else:
                    yield told
        yield Progress(stage=self.name, done=self.step, total=self.total)

    def _resume(self) -> None:
        saved = self.checkpoints.load()
        if saved is None:
            return
        numbers, tensors = saved
        self.step, self.seconds = numbers["step"], numbers["seconds"]
        self.told = [event_from_row(kind, body) for kind, body in numbers["told"]]
        found = {name: tensors[name] for name in tensors}
        take_learned(self.student, _within("student.", found))
        block = _within("block.", found)
        self._saved = (numbers["block"], block) if block else None

    def _save(self) -> None:
        tensors = {f"student.{n}": t for n, t in learned_tensors(self.student).items()}
        if self._learning is not None:
            tensors |= {f"block.{n}": t for n, t in self._learning.tensors().items()}
        numbers = {
            **{"step": self.step, "seconds": self.seconds, "block": self._at},
            "told": self._told(),
        }
        self.checkpoints.save(numbers, tensors)

    def _stop_early(self) -> None:
        """A cancel or an early end: the blocks so far as they are, the others to nearest."""
        self._save()
        if self._learning is not None:
            self._learning.settle()
        key = content_key(self.key, self.step)  # not what its key promises
        self.context.give(Learned(self.student, self.total), key)
        self.context.result["stopped_at"] = {"step": self.step, "of": self.total}
        self.context.result["training"] = self.facts()


def _walks(options: ReconstructionOptions) -> list[tuple[str, int]]:
    """What each walk over the blocks learns, and in how many iterations a block."""
    if options.together != APART:
        return [(BOTH, options.iterations)] if options.iterations else []
    walks = [(WEIGHTS, options.iterations), (RANGES, options.range_iterations)]
    return [(learns, iterations) for learns, iterations in walks if iterations]


def _call(network: nn.Module, sample: Any) -> None:
    call_network(network, sample.x, sample.timesteps, sample.conditioning)


def _half(network: nn.Module) -> torch.dtype:
    bfloat = number_format(network) == torch.bfloat16
    return torch.bfloat16 if bfloat else torch.float16


def _within(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    own = {n: t for n, t in tensors.items() if n.startswith(prefix)}
    return {name.removeprefix(prefix): tensor for name, tensor in own.items()}
