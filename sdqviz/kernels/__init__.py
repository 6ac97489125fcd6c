"""Engines: implementations of the W4A8 linear and convolution. One file per engine."""
