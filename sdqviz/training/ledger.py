"""What a training holds at its peak, by running its own code on tensors without contents.

The networks, the student and a step's forward and backward pass are made of fake tensors; every
storage is counted while it lives. What is on the pretended CPU is what a GPU would hold, what is
on "meta" is the host's. Autocast and attention do as on a GPU: normalisations are computed and
kept in float32, attention keeps its inputs and output, not its matrix. Not counted are a GPU's own
context, its libraries' work space and fragmentation: about a gigabyte.
"""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from sdqviz.families.contract import Family
from sdqviz.layers.convert import twin
from sdqviz.layers.fake import fake_network, in_full
from sdqviz.layers.plan import CONDITIONING, LayerPlan, PlanConfig, make_plan
from sdqviz.layers.ranges import ActivationRanges
from sdqviz.layers.time_table import install_time_rows
from sdqviz.training.blocks import block_names
from sdqviz.training.losses import Sample, training_loss
from sdqviz.training.optimizer import empty_moments
from sdqviz.training.options import HOST, TrainingOptions
from sdqviz.training.trainer import Trainer

TOKENS = {"sd3": 154}  # of two CLIP encoders without T5, else 77 (both in one sequence: 77)
_HOST = torch.device("meta")


@dataclass(frozen=True, kw_only=True)
class Held:
    """Bytes. `teacher` and `student` lie there all the time; `device` and `host` are the peaks."""

    teacher: int
    student: int
    device: int
    host: int


def training_held(
    build: Callable[[], nn.Module],
    family: Family,
    options: TrainingOptions,
    *,
    dtype: torch.dtype,
    side: int,
    micro_batch: int,
    tokens: int = 77,
) -> Held:
    """What one step of two micro-batches holds. `build` makes the FP network, which is then in
    `dtype`; side: of square latents; tokens: of the text.
    """
    with FakeTensorMode(), _Live() as live, _AsOnAGpu():
        with _default_dtype(dtype):  # a fake network cannot be converted afterwards
            teacher = build().eval().requires_grad_(False)
        own = live.device
        student, trainer = _student(teacher, family, options)
        sample = _sample(teacher.config, family, micro_batch, side, tokens)
        place = _HOST if options.optimizer_on == HOST else None
        kept = [empty_moments(p, options.optimizer_bits, place) for p in trainer.parameters()]
        alone = live.device - own
        # With the state elsewhere no gradient of the first micro-batch is left for the second.
        for _ in range(1 if options.optimizer_on == HOST else 2):
            losses = training_loss(
                *(teacher, student, sample),
                blocks=block_names(teacher, family.block_classes),
                inter_layer=options.inter_layer,
                target=options.target,
                autocast=options.autocast,
            )
            trainer.backward(losses.value)
            del losses
        del kept
        return Held(teacher=own, student=alone, device=live.device_peak, host=live.host_peak)


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _student(
    teacher: nn.Module, family: Family, options: TrainingOptions
) -> tuple[nn.Module, Trainer]:
    plan = make_plan(teacher, family.roles(teacher), PlanConfig())
    ranges = {n: _ranges(teacher.get_submodule(n), p) for n, p in plan.items() if p.activation}
    student = twin(teacher)
    install_time_rows(student, teacher, torch.ones(1, dtype=torch.int64))
    shared = options.shares_weights
    fake_network(student, plan, ranges, shared=shared, search=_unsearched)
    in_full(student)
    if options.gradient_checkpointing:
        student.enable_gradient_checkpointing()  # type: ignore[operator]
        student.train()
    trainer = Trainer(
        student,
        trainable=options.trainable,
        rank=options.lora_rank,
        weight_rate=options.weight_rate,
        scale_rate=options.scale_rate,
        average=options.average,
        clip=options.clip,
        steps=10,
        state=_HOST if options.optimizer_on == HOST else None,
    )
    return student, trainer


def _ranges(module: nn.Module, plan: LayerPlan) -> ActivationRanges:
    assert plan.activation is not None
    weight: Any = module.weight
    factors = 0 if plan.role == CONDITIONING else weight.shape[1]
    return ActivationRanges.empty(1, plan.activation, False, factors)


def _unsearched(weight: torch.Tensor, spec: Any) -> Any:
    """A weight's scales and multipliers, without the search that finds their values."""
    out, taps, inputs = weight.shape
    groups = -(-inputs // spec.group) if spec.group else 1
    multipliers = torch.ones(out, taps, groups, dtype=torch.uint8)
    return SimpleNamespace(scale=torch.ones(out), multipliers=multipliers)


def _sample(config: Any, family: Family, batch: int, side: int, tokens: int) -> Sample:
    x = torch.ones(batch, config["in_channels"], side, side)
    conditioning: dict[str, Any] = {}
    if family.name == "sd3":
        conditioning["pooled_projections"] = torch.ones(batch, config["pooled_projection_dim"])
        width = config["joint_attention_dim"]
    else:
        width = config["cross_attention_dim"]
    conditioning["encoder_hidden_states"] = torch.ones(batch, tokens, width)
    if config.get("addition_embed_type"):
        sizes = 6 * config["addition_time_embed_dim"]
        pooled = config["projection_class_embeddings_input_dim"] - sizes
        conditioning["added_cond_kwargs"] = {
            "text_embeds": torch.ones(batch, pooled),
            "time_ids": torch.ones(batch, 6),
        }
    ones = torch.ones(batch)
    return Sample(
        x=x,
        timesteps=torch.ones(batch, dtype=torch.int64),
        target=torch.ones_like(x),
        guidance=ones,
        weight=ones,
        branches=2,
        conditioning=conditioning,
    )


class _Live(TorchDispatchMode):
    """Counts the bytes of every storage from its first tensor to its last."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[int, int] = {}
        self.device = self.device_peak = self.host = self.host_peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self._see(leaf)
        return result

    def _see(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        place, count = id(storage), storage.nbytes()
        if place in self._known:
            return
        self._known[place] = count
        on_host = tensor.device == _HOST
        self._add(on_host, count)
        weakref.finalize(storage, self._forget, place, on_host, count)

    def _forget(self, place: int, on_host: bool, count: int) -> None:
        self._known.pop(place, None)
        self._add(on_host, -count)

    def _add(self, on_host: bool, count: int) -> None:
        if on_host:
            self.host += count
            self.host_peak = max(self.host_peak, self.host)
        else:
            self.device += count
            self.device_peak = max(self.device_peak, self.device)


class _AsOnAGpu(TorchFunctionMode):
    """Answers what asks for a value with one, and computes as a GPU's autocast does."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is torch.Tensor.backward:
            return self._backward(args[0])
        if func in _VALUES:
            return _VALUES[func](args[0])
        if func in (F.group_norm, F.layer_norm) and torch.is_autocast_enabled("cpu"):
            args = (args[0].float(), *args[1:])
        if func is F.scaled_dot_product_attention:
            return torch.ops.aten._scaled_dot_product_flash_attention(*args[:3])[0]
        return func(*args, **kwargs)

    def _backward(self, loss: torch.Tensor) -> None:
        """As `loss.backward()`, which would leave this mode while blocks are computed again."""
        engine: Any = torch.autograd.Variable._execution_engine
        options = {"allow_unreachable": True, "accumulate_grad": True}
        with self:
            engine.run_backward((loss,), (torch.ones_like(loss),), False, False, (), **options)


def _nested(tensor: torch.Tensor) -> Any:
    return np.ones(tuple(tensor.shape)).tolist()


_VALUES: dict[Any, Callable[[torch.Tensor], Any]] = {
    torch.Tensor.tolist: _nested,
    torch.Tensor.item: lambda tensor: 1.0,
    torch.Tensor.__bool__: lambda tensor: True,
    torch.Tensor.numpy: lambda tensor: np.ones(1, dtype=np.uint8),
}
