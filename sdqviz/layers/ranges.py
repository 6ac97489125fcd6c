"""The activation ranges of one layer, one per calibrated timestep."""

import math

import torch
from torch import nn

from sdqviz.quant.ranges import ActivationRange
from sdqviz.quant.spec import ActivationSpec

TEXT_ROWS = 77  # of a text encoder's chunk: each chunk of a long prompt begins anew
CONSTANT = "constant"  # key of the one range of an input that does not depend on the timestep


class ActivationRanges(nn.Module):
    """Buffers scale float32 [P], inverse_scale float32 [P], zero_point int32 [P] and
    timesteps float32 [P], sorted upwards; one range with timestep NaN serves every timestep.

    factor float32 [I], or None: what each input channel is multiplied by before it is rounded
    (`quant.equalise`); the layer's weights hold the reciprocal.
    """

    factor: torch.Tensor | None
    timesteps: torch.Tensor

    def __init__(
        self,
        ranges: dict[float, ActivationRange],
        spec: ActivationSpec,
        first_token_fp: bool = False,
        factor: torch.Tensor | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("factor", factor)
        self.spec = spec
        self.first_token_fp = first_token_fp
        self.misses = 0  # calls at a timestep that was not calibrated
        ordered = sorted(ranges)

        def column(name: str, dtype: torch.dtype) -> torch.Tensor:
            return torch.tensor([getattr(ranges[t], name) for t in ordered], dtype=dtype)

        self.register_buffer("timesteps", torch.tensor(ordered, dtype=torch.float32))
        self.register_buffer("scale", column("scale", torch.float32))
        self.register_buffer("inverse_scale", column("inverse_scale", torch.float32))
        self.register_buffer("zero_point", column("zero_point", torch.int32))
        self._table: list[tuple[float, ActivationRange]] | None = None
        self._exact: dict[float, ActivationRange] | None = None

    @staticmethod
    def empty(
        count: int, spec: ActivationSpec, first_token_fp: bool, factors: int = 0
    ) -> "ActivationRanges":
        """Room for `count` ranges and `factors` factors, to be filled by `load_state_dict`."""
        blank = ActivationRange(1.0, 1.0, 0)
        ranges = {float(i): blank for i in range(count)}
        factor = torch.ones(factors) if factors else None
        return ActivationRanges(ranges, spec, first_token_fp, factor)

    def factors(self) -> list[float]:
        """The factors as numbers, for a content key."""
        return [] if self.factor is None else self.factor.tolist()

    def equalised(self, weight: torch.Tensor) -> torch.Tensor:
        """The layer's weight [O, T, I] for the multiplied input: divided by the factors."""
        return weight if self.factor is None else weight / self.factor.to(weight.device)

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._table = self._exact = None

    def outliers(self, rows: int) -> range:
        """Which of a text embedding's rows keep FP: each chunk's begin-of-text token."""
        return range(0, rows if self.first_token_fp else 0, TEXT_ROWS)

    def _apply(self, fn, recurse: bool = True):
        super()._apply(fn, recurse)
        self._table = self._exact = None  # its rows may be on another device now
        return self

    def rows(self) -> torch.Tensor:
        """(inverse scale, zero point, scale) as kernels read it on the device: float32 [P, 3]."""
        columns = (self.inverse_scale, self.zero_point.to(torch.float32), self.scale)
        return torch.stack(columns, dim=1)

    def rows_at(self, timesteps: torch.Tensor) -> torch.Tensor:
        """The rows of `at` for timesteps [B] on the device: float32 [B, 3], or [1, 3] of all. No
        value comes to the host, so misses are not counted.
        """
        if len(self.timesteps) == 1:
            return self.rows()
        given = timesteps.to(torch.float64).unsqueeze(1)
        distance = (self.timesteps.to(torch.float64) - given).abs().flip(1)
        return self.rows()[len(self.timesteps) - 1 - distance.argmin(dim=1)]

    @property
    def static(self) -> bool:
        """Whether one range serves every timestep."""
        table = self.table()
        return len(table) == 1 and math.isnan(table[0][0])

    def table(self) -> list[tuple[float, ActivationRange]]:
        """(timestep, range) as Python numbers, read from the buffers once."""
        if self._table is None:
            columns = (self.timesteps, self.scale, self.inverse_scale, self.zero_point)
            rows = zip(*(c.tolist() for c in columns), strict=True)
            # Views of one tensor on the device: no call of a kernel uploads its range.
            own = self.rows().split(1) if self.scale.is_cuda else [None] * len(self.scale)
            self._table = [
                (t, ActivationRange(s, i, z, row))
                for (t, s, i, z), row in zip(rows, own, strict=True)
            ]
        return self._table

    def at(self, timestep: float) -> ActivationRange:
        """The range of the nearest calibrated timestep, ties to the larger."""
        if self._exact is None:
            self._exact = dict(self.table())
        if timestep in self._exact:
            return self._exact[timestep]
        table = self.table()
        if self.static:
            return table[0][1]
        nearest = min(table, key=lambda row: (abs(row[0] - timestep), -row[0]))
        self.misses += 1
        return nearest[1]
