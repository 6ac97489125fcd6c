"""Time information precalculation (arXiv 2412.06661): time layers become a table.

In a v1 or v2 UNet everything that depends on the timestep alone ends in one vector per ResNet
block, proj(silu(mlp(sinusoid(t)))). The vectors of all timesteps are computed once and looked
up; the time MLP and the projections are deleted. Where the rows are of all timesteps, so is what
lies between them (see `between_rows`): every sampler finds its moments.
"""

import math
from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.between_rows import REACH, between, window
from sdqviz.layers.compiled import call_opaque, enlist


class TimeRows(nn.Module):
    """Stands in for `time_proj`: row lookup. Buffers rows float16 [R, D], timesteps int64 [R]."""

    def __init__(self, rows: torch.Tensor, timesteps: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("rows", rows.to(torch.float16))
        self.register_buffer("timesteps", timesteps.to(torch.int64))
        self._places: dict[float, int] | None = None  # timestep -> row
        self._number = enlist(self)

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._places = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._number = enlist(self)  # a copy is another module

    def _apply(self, fn, recurse: bool = True):
        """Moves devices, never dtypes."""

        def move(tensor: torch.Tensor) -> torch.Tensor:
            moved = fn(tensor)
            return moved if moved.dtype == tensor.dtype else tensor.to(moved.device)

        return super()._apply(move, recurse)

    def forward(self, timesteps: torch.Tensor) -> torch.Tensor:
        """timesteps [B] -> float32 [B, D]. A timestep with a row takes it; one between the rows of
        its neighbours takes what lies there; any other is refused, never rounded.
        """
        if torch.compiler.is_compiling():
            return call_opaque(timesteps, timesteps.flatten(), self._number)
        return self.compute_at(timesteps, timesteps)

    def compute_at(self, x: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        if timesteps.is_cuda and torch.cuda.is_current_stream_capturing():
            return self._captured(timesteps)
        return self.compute(x, timesteps.tolist())

    def _captured(self, timesteps: torch.Tensor) -> torch.Tensor:
        """The rows while a CUDA graph is recorded: no value can be waited for, so the device asks
        whether each timestep has a row; none lies between rows there.
        """
        place = torch.searchsorted(self.timesteps, timesteps.to(torch.int64).contiguous())
        place = place.clamp(max=len(self.timesteps) - 1)
        exact = self.timesteps[place].to(torch.float64) == timesteps.to(torch.float64)
        torch._assert_async(exact.all(), "a timestep is not in the time table")
        return self.rows[place].to(torch.float32)

    def compute(self, x: torch.Tensor, timesteps: list[float]) -> torch.Tensor:
        if self._places is None:
            self._places = {float(t): place for place, t in enumerate(self.timesteps.tolist())}
        found = {float(t): self._row(float(t), self._places) for t in set(timesteps)}
        if len(found) == 1:
            return next(iter(found.values())).expand(len(timesteps), -1)
        return torch.stack([found[float(t)] for t in timesteps])

    def _row(self, timestep: float, places: dict[float, int]) -> torch.Tensor:
        """float32 [D]."""
        if timestep in places:
            return self.rows[places[timestep]].to(torch.float32)
        near = window(places, timestep)
        if near is None:
            raise SdqvizError(f"timestep {timestep:g} is not in the time table", self._hint())
        first, count = near
        start = places[first]
        return between(self.rows[start : start + count], first, timestep)

    def _hint(self) -> str:
        places = self._places or {}
        low, high = min(places), max(places)
        if len(places) == high - low + 1:
            return f"it has rows from {low:g} to {high:g}: use a sampler that stays within them"
        return "its rows are one sampler's only; quantize with time_rows: all for any sampler"

    def like_output(self, x: torch.Tensor) -> torch.Tensor:
        return x.new_empty(len(x), self.rows.shape[1], dtype=torch.float32)


class TimeIdentity(nn.Module):
    """Stands in for `time_embedding`."""

    def forward(self, rows: torch.Tensor, condition: torch.Tensor | None = None) -> torch.Tensor:
        return rows


class TimeSlice(nn.Module):
    """Stands in for one block's projection: its columns of the row."""

    def __init__(self, start: int, stop: int) -> None:
        super().__init__()
        self.start, self.stop, self.out_features = start, stop, stop - start

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows[:, self.start : self.stop]


def time_blocks(network: nn.Module) -> dict[str, nn.Module]:
    """The ResNet blocks with a time projection, by name."""
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(getattr(module, "time_emb_proj", None), nn.Module)
    }


def has_time_table(network: nn.Module) -> bool:
    """Whether its blocks' time vectors hang on the timestep alone: on no pooled text, class or
    guidance scale.
    """
    more = [getattr(network, name, None) for name in ("add_embedding", "class_embedding")]
    more.append(getattr(getattr(network, "time_embedding", None), "cond_proj", None))
    return bool(time_blocks(network)) and all(part is None for part in more)


def all_timesteps(count: int) -> torch.Tensor:
    """Every training timestep, and as many beyond both ends as moments near them need: int64 [R].

    diffusers' EDM schedulers go down to -1.6.
    """
    beyond = REACH + 2
    return torch.arange(-beyond, count + beyond)


def rows_for(moments: torch.Tensor) -> torch.Tensor:
    """The timesteps int64 [R], upwards, whose rows give these moments: whole ones their own, a
    fraction those around it.
    """
    wanted: set[int] = set()
    for moment in moments.tolist():
        low = math.floor(moment)
        whole = moment == low
        wanted |= {low} if whole else set(range(low - REACH + 1, low + REACH + 1))
    return torch.tensor(sorted(wanted), dtype=torch.int64)


@torch.no_grad()
def time_rows(network: nn.Module, timesteps: torch.Tensor) -> torch.Tensor:
    """The concatenated time vectors of all blocks: float32 [R, D] for timesteps int64 [R]."""
    dtype = next(network.parameters()).dtype
    sinusoid = network.time_proj(timesteps).to(dtype)
    embedding = network.time_embedding(sinusoid)
    if getattr(network, "time_embed_act", None) is not None:
        embedding = network.time_embed_act(embedding)
    vectors = [
        block.time_emb_proj(embedding if block.skip_time_act else block.nonlinearity(embedding))
        for block in time_blocks(network).values()
    ]
    return torch.cat(vectors, dim=1).to(torch.float32)


def install_time_table(network: nn.Module, rows: TimeRows) -> None:
    """Replaces the network's time layers by the table (in place)."""
    start = 0
    for block in time_blocks(network).values():
        width = int(block.time_emb_proj.out_features)  # type: ignore[arg-type]
        block.time_emb_proj = TimeSlice(start, start + width)
        block.skip_time_act = True
        start += width
    network.time_proj = rows
    network.time_embedding = TimeIdentity()
    if hasattr(network, "time_embed_act"):
        network.time_embed_act = None


def install_time_rows(
    student: nn.Module, teacher: nn.Module, timesteps: torch.Tensor | None
) -> None:
    """Gives `student` the table that the teacher's time vectors at `timesteps` [R] come from.

    None, or a network whose time vectors hang on more than the timestep, changes nothing.
    """
    if timesteps is None or not has_time_table(student):
        return
    device, timesteps = next(teacher.parameters()).device, rows_for(timesteps)
    rows = time_rows(teacher, timesteps.to(device))
    install_time_table(student, TimeRows(rows.cpu(), timesteps).to(device))
