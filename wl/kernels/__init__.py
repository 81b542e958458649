"""Compiled kernels of the flat-histogram engine: numbers in, numbers out."""
