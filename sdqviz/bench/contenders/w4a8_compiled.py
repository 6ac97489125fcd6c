"""sdqviz with int8 weights in memory, what lies between its layers compiled by Inductor."""

from sdqviz.bench.contract import packed
from sdqviz.layers.served_weight import EXPANDED

CONTENDER = packed("w4a8_compiled", "sdqviz W4A8, compiled", 12, EXPANDED, compiled=True)
