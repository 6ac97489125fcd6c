"""sdqviz with int8 weights in memory, expanded once from 4 bits; all else in bfloat16."""

from sdqviz.bench.contract import packed
from sdqviz.layers.served_weight import EXPANDED

CONTENDER = packed("w4a8_expanded", "sdqviz W4A8, expanded", 10, EXPANDED)
