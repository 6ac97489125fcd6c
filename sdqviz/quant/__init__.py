"""Tensors in, tensors out: the one definition of the numbers (no modules, no pipelines)."""
