"""The tiles that the matrix product may be cut into, few for each kind of GPU."""

from dataclasses import dataclass

import triton

GRID_GROUP = 8  # tiles of pixels that share weights


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A program computes block_m pixels by block_n output channels, block_k inputs at a time."""

    block_m: int
    block_n: int
    block_k: int
    warps: int
    stages: int  # loads under way

    def config(self) -> triton.Config:
        sizes = {"block_m": self.block_m, "block_n": self.block_n, "block_k": self.block_k}
        return triton.Config(
            {**sizes, "grid_group": GRID_GROUP},
            num_warps=self.warps,
            num_stages=self.stages,
        )


SMALL = Tile(block_m=32, block_n=64, block_k=128, warps=4, stages=4)
_MEDIUM = Tile(block_m=64, block_n=64, block_k=128, warps=4, stages=4)
# A matrix instruction per warp (sm80, 86, 89, 120), or per group of four (sm90, 100), for which
# the sums of a large tile take eight warps' registers.
_LARGE = Tile(block_m=128, block_n=128, block_k=64, warps=4, stages=4)
_LARGE_GROUPS = Tile(block_m=128, block_n=128, block_k=128, warps=8, stages=3)
_WIDE = Tile(block_m=128, block_n=256, block_k=64, warps=8, stages=4)


def tiles(capability: tuple[int, int], group: int) -> tuple[Tile, ...]:
    """Those to choose from by measurement, none of which spills registers.

    group: of the 4-bit codes, 0 for int8 weights.
    """
    large = _LARGE_GROUPS if capability[0] in (9, 10, 11) else _LARGE
    wide = (_WIDE,) if group == 0 and capability[0] not in (10, 11) else ()
    return (SMALL, _MEDIUM, large, *wide)


def all_tiles() -> tuple[Tile, ...]:
    return (SMALL, _MEDIUM, _LARGE, _LARGE_GROUPS, _WIDE)
