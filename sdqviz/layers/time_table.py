"""Time information precalculation (arXiv 2412.06661): time layers become a table.

In a v1 or v2 UNet everything that depends on the timestep alone ends in one vector per ResNet
block, proj(silu(mlp(sinusoid(t)))). The vectors of all timesteps are computed once and looked
up; the time MLP and the projections are deleted.
"""

from typing import Any

import torch
from torch import nn

from sdqviz.base.errors import SdqvizError
from sdqviz.layers.compiled import call_opaque, enlist


class TimeRows(nn.Module):
    """Stands in for `time_proj`: row lookup. Buffers rows float16 [R, D], timesteps int64 [R]."""

    def __init__(self, rows: torch.Tensor, timesteps: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("rows", rows.to(torch.float16))
        self.register_buffer("timesteps", timesteps.to(torch.int64))
        self._number = enlist(self)

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
        """timesteps [B] -> float32 [B, D]. A timestep without a row is refused, never rounded."""
        if torch.compiler.is_compiling():
            return call_opaque(timesteps, timesteps.flatten(), self._number)
        return self.look_up(timesteps)

    def compute(self, x: torch.Tensor, timesteps: list[float]) -> torch.Tensor:
        return self.look_up(x)

    def like_output(self, x: torch.Tensor) -> torch.Tensor:
        return x.new_empty(len(x), self.rows.shape[1], dtype=torch.float32)

    def look_up(self, timesteps: torch.Tensor) -> torch.Tensor:
        place = torch.searchsorted(self.timesteps, timesteps.to(torch.int64).contiguous())
        place = place.clamp(max=len(self.timesteps) - 1)
        exact = self.timesteps[place].to(torch.float64) == timesteps.to(torch.float64)
        if not exact.all():
            value = timesteps[~exact][0].item()
            raise SdqvizError(
                f"timestep {value:g} is not in the time table",
                "use integer timesteps (Euler: leading spacing), or save with time_rows: all",
            )
        return self.rows[place].to(torch.float32)


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
    """Gives `student` the table of the teacher's time vectors at `timesteps` int64 [R].

    None, or a network whose time vectors hang on more than the timestep, changes nothing.
    """
    if timesteps is None or not has_time_table(student):
        return
    device = next(teacher.parameters()).device
    rows = time_rows(teacher, timesteps.to(device))
    install_time_table(student, TimeRows(rows.cpu(), timesteps).to(device))
