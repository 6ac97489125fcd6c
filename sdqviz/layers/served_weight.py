"""Which engine computes a stored weight, and what is made for it."""

from typing import Any

import torch

from sdqviz.base.memory import freed
from sdqviz.kernels.contract import Engine, choose_engine, named_engine, refused_layer
from sdqviz.kernels.measured import fastest, worth_measuring
from sdqviz.layers.stored_weight import StoredWeight

_MADE_PER_BYTE = 6  # bytes made and dropped on the way from a byte of codes to an engine's layout
PACKED, EXPANDED = "packed", "expanded"
RESIDENT = (PACKED, EXPANDED)


class ServedWeight(StoredWeight):
    """`resident` says what stays in memory: int8 weights beside the codes, made at the first call
    ("expanded"), or the 4-bit codes alone ("packed"), expanded for each call where no engine reads
    them as they are.
    """

    def __init__(self, **stored: Any) -> None:
        """Takes what `StoredWeight` takes."""
        super().__init__(**stored)
        self.resident = EXPANDED
        self._w8: torch.Tensor | None = None
        self._engine: Engine | None = None
        self._asked: Engine | None = None  # by name, instead of the best that serves
        self._prepared: Any = None  # the engine's own form of the weights

    def keep(self, resident: str) -> None:
        """Sets `resident` and drops what the other choice had made."""
        self.resident = resident
        self._forget()

    def _forget(self) -> None:
        self._w8 = self._engine = self._prepared = None

    def integers(self) -> torch.Tensor:
        """w8 int8 [O, T, I], for what is computed without an engine."""
        if self._w8 is not None:
            return self._w8
        w8 = self.operands().w8()
        self._w8 = None if self.resident == PACKED else w8
        return w8

    def use_engine(self, name: str) -> None:
        """Computes with the engine of this name from now on. Raises SdqvizError where it does not
        serve.
        """
        assert self.activations is not None
        self._asked = named_engine(name, self.scale.device, self.activations.spec)
        self._forget()

    def choice(self) -> tuple[Engine, dict[str, str]]:
        """The engine that computes this layer, the one that was asked for or the best that serves
        it, with the reason of each better one that does not.
        """
        assert self.activations is not None
        device, spec, operands = self.scale.device, self.activations.spec, self.operands()
        if self._asked is not None:
            reason = refused_layer(self._asked, operands)
            if reason is None:
                return self._asked, {}
            best, refusals = choose_engine(device, spec, operands)
            return best, {**refusals, self._asked.name: reason}
        best, refusals = choose_engine(device, spec, operands)
        return self._engine or best, refusals

    def engine(self, x: torch.Tensor | None = None) -> tuple[Engine, Any]:
        """The engine of this layer, and the weights as it wants them.

        x: an input, on whose size the fastest of several engines may hang (`kernels.measured`).
        """
        if self._engine is None:
            self._engine = self._chosen(x)
        compact = getattr(self._engine, "compact", None)
        small = compact is not None and compact(self.weight_spec)
        if self.resident == PACKED and not small:
            return self._engine, self._engine.prepare(self.operands())
        if self._prepared is None:
            self._prepared = self._engine.prepare(self.operands())
            if not small:
                freed(self.codes.numel() * _MADE_PER_BYTE)
        return self._engine, self._prepared

    def _chosen(self, x: torch.Tensor | None) -> Engine:
        best, _ = self.choice()
        if self._asked is not None or x is None or not worth_measuring(x, best):
            return best
        assert self.activations is not None
        return fastest(x, self.operands(), self.activations.spec, self.resident == PACKED)

    def __getstate__(self) -> dict[str, Any]:
        """Without what can be made again: an engine's own layouts are not to be copied."""
        return {**self.__dict__, "_w8": None, "_engine": None, "_prepared": None}
