"""sdqviz with 4-bit weights in memory, expanded for each call; all else in bfloat16."""

from sdqviz.bench.contract import packed
from sdqviz.layers.served_weight import PACKED

CONTENDER = packed("w4a8_packed", "sdqviz W4A8, packed", 11, PACKED)
