"""Triton kernels, imported only where Triton runs."""
