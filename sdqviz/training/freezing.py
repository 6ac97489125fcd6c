"""Selective freezing (arXiv 2412.06661): which blocks stop training, when and why.

The paper names the idea; the criteria are ours. A block is frozen when its distillation loss has
not improved for some windows of the training (plateau; a few are not enough, because each new
round's scenes lift every loss for a while), or when most changes of its codes only undo earlier
ones (oscillation, after Nagel et al. 2022, arXiv 2203.11086).
"""

from dataclasses import dataclass, field

import torch

from sdqviz.layers.fake import FakeLayer


@dataclass(frozen=True)
class Frozen:
    """A block that stops training now, and why."""

    block: str
    reason: str


@dataclass
class Freezer:
    """Watches the blocks of a student; `check` is asked every `window` optimiser steps."""

    blocks: dict[str, list[FakeLayer]]
    window: int
    plateau: float  # a window's mean loss is a new best when it is lower by this share
    patience: int  # windows without a new best that make a plateau
    oscillation: float  # frozen when more than this share of code changes undo earlier ones
    frozen: dict[str, int] = field(default_factory=dict)  # block -> step
    _sums: dict[str, float] = field(default_factory=dict)
    _best: dict[str, float] = field(default_factory=dict)
    _age: dict[str, int] = field(default_factory=dict)  # windows since the best
    _codes: dict[str, list[torch.Tensor]] = field(default_factory=dict)

    def see(self, losses: dict[str, float]) -> None:
        """Adds one step's loss per block."""
        for block, loss in losses.items():
            self._sums[block] = self._sums.get(block, 0.0) + loss

    def due(self, step: int) -> bool:
        """Whether the window ends with this step (counted from 0)."""
        return (step + 1) % self.window == 0

    def check(self, step: int) -> list[Frozen]:
        """The blocks to freeze at the end of a window."""
        found = []
        for block, layers in self.blocks.items():
            if block in self.frozen:
                continue
            reason = self._plateau(block) or self._oscillation(block, layers)
            if reason:
                self.frozen[block] = step
                self._codes.pop(block, None)
                found.append(Frozen(block, reason))
        self._sums = {}
        return found

    def _plateau(self, block: str) -> str:
        if block not in self._sums:  # no inter-layer distillation, no loss to judge by
            return ""
        now, best = self._sums[block] / self.window, self._best.get(block)
        if best is None or now < (1 - self.plateau) * best:
            self._best[block], self._age[block] = now, 0
            return ""
        self._age[block] += 1
        if self._age[block] < self.patience:
            return ""
        steps = self.window * self._age[block]
        return (
            f"plateau: its loss has not fallen for {steps} steps (best {best:.3g}, now {now:.3g})"
        )

    def _oscillation(self, block: str, layers: list[FakeLayer]) -> str:
        codes = torch.cat([layer.quantized().codes.flatten() for layer in layers]).cpu()
        history = self._codes.setdefault(block, [])
        history.append(codes)
        if len(history) < 3:
            return ""
        oldest, middle, _ = history
        history.pop(0)
        changed = codes != middle
        count = int(changed.sum())
        undone = int((changed & (codes == oldest)).sum())
        if not count or undone <= self.oscillation * count:
            return ""
        return f"oscillation: {100 * undone / count:.0f} % of its code changes undo earlier ones"

    def tensors(self) -> dict[str, torch.Tensor]:
        """What a resumed run needs beside `numbers`."""
        return {
            f"codes.{block}.{index}": codes
            for block, history in self._codes.items()
            for index, codes in enumerate(history)
        }

    def numbers(self) -> dict[str, dict[str, float]]:
        plain = {"sums": self._sums, "best": self._best, "age": self._age}
        return {"frozen": dict(self.frozen), **{name: dict(v) for name, v in plain.items()}}

    def restore(
        self, numbers: dict[str, dict[str, float]], tensors: dict[str, torch.Tensor]
    ) -> None:
        self.frozen = {block: int(step) for block, step in numbers["frozen"].items()}
        self._sums, self._best = dict(numbers["sums"]), dict(numbers["best"])
        self._age = {block: int(age) for block, age in numbers["age"].items()}
        self._codes = {}
        for name in sorted(tensors):
            _, rest = name.split(".", 1)
            block, _, _index = rest.rpartition(".")
            self._codes.setdefault(block, []).append(tensors[name])
