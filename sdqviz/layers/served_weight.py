"""Which engine computes a stored weight, and what is made for it."""

from typing import Any

import torch

from sdqviz.base.memory import freed
from sdqviz.kernels.contract import Engine, choose_engine, named_engine, refused_layer
from sdqviz.kernels.measured import fastest, prefers_fp, worth_measuring
from sdqviz.layers.stored_weight import StoredWeight

_MADE_PER_BYTE = 6  # bytes made and dropped on the way from a byte of codes to an engine's layout
PACKED, EXPANDED, FASTEST = "packed", "expanded", "fastest"
RESIDENT = (PACKED, EXPANDED, FASTEST)


class ServedWeight(StoredWeight):
    """`resident` says what stays in memory: int8 weights beside the codes, made at the first call
    ("expanded"), or the 4-bit codes alone ("packed"), expanded for each call where no engine reads
    them as they are. "fastest" is "expanded", but a layer for whose shape this GPU was measured to
    be faster without integers keeps its weight in the input's dtype, and its input stays FP: its
    values are not the integer ones.
    """

    def __init__(self, **stored: Any) -> None:
        """Takes what `StoredWeight` takes."""
        super().__init__(**stored)
        self.resident = EXPANDED
        self._w8: torch.Tensor | None = None
        self._engine: Engine | None = None
        self._asked: Engine | None = None  # by name, instead of the best that serves
        self._prepared: Any = None  # the engine's own form of the weights
        self._real: torch.Tensor | None = None  # the weight in the input's dtype
        self._skips_integers: bool | None = None  # None: not measured yet

    def keep(self, resident: str) -> None:
        """Sets `resident` and drops what the other choice had made."""
        self.resident = resident
        self._forget()

    def _forget(self) -> None:
        self._w8 = self._engine = self._prepared = self._real = self._skips_integers = None

    def integers(self) -> torch.Tensor:
        """w8 int8 [O, T, I], for what is computed without an engine."""
        kept = self._w8  # another thread may drop it
        if kept is not None:
            return kept
        w8 = self.operands().w8()
        self._w8 = None if self.resident == PACKED else w8
        return w8

    def _real_weight(self) -> torch.Tensor:
        """scale * w8: float32 [O, T, I]."""
        return self.scale.view(-1, 1, 1) * self.integers().to(torch.float32)

    def weight_in(self, dtype: torch.dtype) -> torch.Tensor:
        """scale * w8 [O, T, I] in dtype, for what is computed without integers."""
        if self._real is not None and self._real.dtype == dtype:
            return self._real
        real = self._real_weight().to(dtype)
        if self.resident == FASTEST:
            self._real, self._w8 = real, None
        return real

    def skips_integers(self, x: torch.Tensor) -> bool:
        """Whether the plain layer was measured to be the faster one for inputs like x."""
        if self.resident != FASTEST or self.activations is None:
            return False
        if self._skips_integers is None and worth_measuring(x, self.choice()[0]):
            self._skips_integers = prefers_fp(x, self.operands(), self.activations.spec)
        return bool(self._skips_integers)

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
        return {**self.__dict__, "_w8": None, "_engine": None, "_prepared": None, "_real": None}
